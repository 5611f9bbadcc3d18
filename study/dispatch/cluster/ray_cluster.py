"""The Ray that cohorts are trained on: one of our own, or one that is already there."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ray
from ray._private import ray_constants

from study.auth_token import keep_private, own_token_file
from study.dispatch.cluster.capacity import Capacity
from study.dispatch.cluster.placement import WorkerResources
from study.errors import DispatchError, first_cause
from study.secrets import masked

REACHED_S = 5.0
"""How long the head of a cluster may take to accept a connection."""

SLOW_START_S = 30.0
"""A Ray that has not started by then is spoken of; it takes some seconds where cores are free."""

_logger = logging.getLogger("gradscape.dispatch")

_SWITCHES = {
    # Workers allocate and free the same megabytes at each step: huge pages make that training
    # about a tenth faster. Read when a process starts, so it reaches a local Ray only.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    # Ray starts workers at niceness 15: beside anything else that computes, trainings had a
    # thirtieth of a core. At 0 they have the command's own: `nice gradscape run` is heeded.
    "RAY_worker_niceness": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),
    # `CohortSearcher` says how many cohorts may be under way; Tune by itself keeps one waiting.
    "TUNE_MAX_PENDING_TRIALS_PG": "100000",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}


@contextmanager
def environment() -> Iterator[None]:
    """Switches for quiet drivers and fast workers; what a person set stays, all is restored."""
    mine = {name: value for name, value in _SWITCHES.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)


@contextmanager
def cluster(
    *, address: str | None, workers: int | None, resources: WorkerResources
) -> Iterator[Capacity]:
    """Connect to a cluster, or start a local Ray and shut it down afterwards.

    A Ray that this process is already connected to is used and left as it is; so is the one
    that a Ray job runs on (`RAY_ADDRESS`).

    Args:
        address: Address of a running cluster ("auto", "10.0.0.1:6379"); None for a local Ray.
        workers: Cohorts that train at the same time; None for as many as fit.
        resources: What one worker holds.

    Yields:
        How many workers there is room for.

    Raises:
        InputError: If no node can ever hold a worker.
        DispatchError: If the cluster cannot be reached.
    """
    ours = not ray.is_initialized()
    if ours:
        with _own_sigterm():
            named = os.environ.get("RAY_ADDRESS") if address is None else None
            whence = ", as RAY_ADDRESS in the environment says" if named else ""
            _connect(address or named or None, workers, resources, whence=whence)
    try:
        capacity = Capacity(resources, cap=workers)
        capacity.check()
        yield capacity
    finally:
        if ours:
            _shut_down()


def _shut_down() -> None:
    """Ends Ray with no reference to its objects left for the garbage collector.

    Ray ends the process, with exit code 1, when something asks for its objects once it has shut
    down. Tracebacks of lost workers hold such references in cycles, which any thread may collect.
    """
    gc.collect()
    collects = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if collects:
            gc.enable()


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """A handler of SIGTERM that was there before outlives `ray.init`, which puts its own there."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if main else None
    try:
        yield
    finally:
        if callable(before):
            signal.signal(signal.SIGTERM, before)


def _connect(
    address: str | None, workers: int | None, resources: WorkerResources, *, whence: str = ""
) -> None:
    if address is not None and address != "local":
        _logger.info("using the Ray cluster at %s%s", masked(address), whence)
        _check_reachable(address, whence)
        if os.environ.get("RAY_AUTH_MODE") == "token":
            keep_private(own_token_file())
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise DispatchError(f"no Ray cluster answers at {address}: {error}") from error
        return
    try:
        with _on_loopback(), _told_when_slow():
            ray.init(
                address="local",
                num_cpus=None if workers is None else max(1, round(workers * resources.cpus)),
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except Exception as error:
        # For example a TMPDIR so long that no socket fits below it. Ray raises `Exception` itself
        # when its processes take too long to start.
        raise DispatchError(
            f"no Ray can be started on this machine: {str(error).rstrip('.')}; --local-mode "
            "trains without it"
        ) from error


@contextmanager
def _told_when_slow() -> Iterator[None]:
    """Around the start of a Ray, during which a terminal shows nothing."""
    text = (
        "Ray has been starting for %.0f s; it goes on. On a machine that is busy or small, "
        "`gradscape run STUDY.yaml --local-mode` trains without it"
    )
    timer = threading.Timer(SLOW_START_S, _logger.warning, (text, SLOW_START_S))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _check_reachable(address: str, whence: str) -> None:
    """Ray itself tries for minutes to reach a head that has gone.

    Raises:
        DispatchError: If nothing listens there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACHED_S).close()
    except (OSError, OverflowError) as error:
        cure = "; unset it to train on this machine" if whence else ""
        raise DispatchError(
            f"no Ray cluster answers at {masked(address)}{whence}: {first_cause(error)}{cure}"
        ) from error


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Makes the servers of a Ray that starts now listen on loopback, not on all interfaces.

    Ray itself does so on systems on which it forms no clusters, by a switch that is read when it
    is imported, here and in each of its processes.
    """
    switch = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    before = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(switch)
    ray_constants.ENABLE_RAY_CLUSTER, os.environ[switch] = False, "0"
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before[0]
        if before[1] is None:
            del os.environ[switch]
        else:
            os.environ[switch] = before[1]

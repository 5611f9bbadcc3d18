"""The Ray that cohorts are trained on: one of our own, or one that is already there."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import ray

from search_spaces.errors import InputError
from study.dispatch.failures import DispatchError

_SWITCHES = {
    # Workers allocate and free the same megabytes at each step: huge pages make that training
    # about a tenth faster. Read when a process starts, so it reaches a local Ray only.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}


@dataclass(frozen=True, kw_only=True)
class WorkerResources:
    """What one worker occupies.

    Attributes:
        cpus: CPU cores, > 0; threads of training too.
        gpus: Share of a GPU (0.25: four workers a GPU) or whole GPUs.
        custom: Custom Ray resources by name.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    custom: Mapping[str, float] | None = None

    def as_ray(self) -> dict[str, float]:
        """By the names that Ray reports for a node."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, **(self.custom or {})}
        return {name: amount for name, amount in wanted.items() if amount > 0}


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
) -> Iterator[int]:
    """Connect to a cluster, or start a local Ray and shut it down afterwards.

    A Ray that this process is already connected to is used and left as it is; so is the one
    that a Ray job runs on (`RAY_ADDRESS`).

    Args:
        address: Of a running cluster ("auto", "10.0.0.1:6379"); None for a local Ray.
        workers: Cohorts that train at the same time; None for as many as fit.
        resources: Of one worker.

    Yields:
        Number of workers.

    Raises:
        InputError: If no node can ever hold a worker.
        DispatchError: If the cluster cannot be reached.
    """
    ours = not ray.is_initialized()
    if ours:
        with _own_sigterm():
            _connect(address or os.environ.get("RAY_ADDRESS"), workers, resources)
    try:
        yield _capacity(workers, resources)
    finally:
        if ours:
            ray.shutdown()


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


def _connect(address: str | None, workers: int | None, resources: WorkerResources) -> None:
    if address is not None and address != "local":
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise DispatchError(f"no Ray cluster answers at {address}: {error}") from error
        return
    try:
        ray.init(
            address="local",
            num_cpus=None if workers is None else max(1, round(workers * resources.cpus)),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, RuntimeError, ValueError) as error:
        # For example a TMPDIR so long that no socket fits below it.
        raise DispatchError(f"no Ray can be started on this machine: {error}") from error


def _capacity(workers: int | None, resources: WorkerResources) -> int:
    wanted = resources.as_ray()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    fitting = [
        min(int(node.get(name, 0.0) / amount + 1e-9) for name, amount in wanted.items())
        for node in nodes
    ]
    if sum(fitting) == 0:
        has = "; ".join(_shown({name: node.get(name, 0.0) for name in wanted}) for node in nodes)
        raise InputError(
            f"a worker must fit on a node, but it needs {_shown(wanted)} and the nodes have {has}",
            key="resources",
        )
    return workers or sum(fitting)


def _shown(resources: Mapping[str, float]) -> str:
    return ", ".join(f"{amount:g} {name}" for name, amount in resources.items())

"""Workers whose memory runs out: within a limit of their own, and by Ray's memory monitor."""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import ray

from study.dispatch import RayTuneDispatcher
from study.dispatch.cluster.ray_cluster import environment
from study.trial import Cohort
from tests.study.dispatch.contract import Run, encoded
from tests.support.driver import descendants
from tests.support.pretended_memory import PretendedMemory, claim, claimed

pytestmark = pytest.mark.slow

GB = 2**30


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretendedMemory]:
    """Memory of 8 GB, 3.75 GB of it taken, and a Ray that ends workers from 4 GB on.

    It ends as many as it takes until what is left would fit, by what they really hold: a worker
    holds some 0.2 GB.
    """

    def start() -> None:
        with environment():
            ray.init(
                address="local",
                num_cpus=1,
                include_dashboard=False,
                log_to_driver=False,
                object_store_memory=100_000_000,
                # Else it is what the real machine's processes leave of the pretended total.
                _memory=2 * GB,
                _system_config={
                    "memory_usage_threshold": 0.5,
                    "memory_monitor_refresh_ms": 100,
                    "max_kill_memory_buffer_bytes": 0,
                },
            )

    pretended = PretendedMemory(tmp_path_factory.mktemp("memory"))
    try:
        with pretended.holding(start, ray.shutdown):
            yield pretended
    except PermissionError as error:
        pytest.skip(f"takes an account that may mount: {error}")


@pytest.fixture
def run() -> Run:
    """Three trials of one kind."""
    made = Run(3, limit=4, max_retries=1)
    made.queue._cohort_key = lambda values: 0
    return made


def allocating(gb_a_trial: float, *, limit_gb: float) -> Callable[[Cohort], bytes]:
    """Training that takes so much memory a trial, of which the process may have so much more."""

    def train(cohort: Cohort) -> bytes:
        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        allowed = pages * resource.getpagesize() + int(limit_gb * GB)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, before[1]))
        try:
            taken = bytearray(int(gb_a_trial * GB * len(cohort.trials)))
            del taken
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        return encoded(cohort)

    return train


def test_a_cohort_that_does_not_fit_in_memory_comes_in_halves(memory: PretendedMemory) -> None:
    run = Run(12, limit=4).on(RayTuneDispatcher(), allocating(0.5, limit_gb=1.2))
    assert run.numbers == list(range(12)) and run.failed == []
    assert max(len(cohort.trials) for cohort, _ in run.delivered) <= 2


def test_a_worker_that_the_memory_monitor_ends_costs_no_trial(
    memory: PretendedMemory, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    claims = memory.claims

    def train(cohort: Cohort) -> bytes:
        claim(claims, 0.1 * len(cohort.trials))
        time.sleep(60.0 if len(cohort.trials) > 2 else 0.3)
        claim(claims, 0.0)
        return encoded(cohort)

    with caplog.at_level(logging.WARNING, "gradscape.dispatch"):
        run.on(RayTuneDispatcher(), train)
    assert run.numbers == [0, 1, 2] and run.failed == []
    assert "memory ran out" in caplog.messages[0] and "in two halves" in caplog.messages[0]


def test_memory_that_others_take_costs_no_trial_either(
    memory: PretendedMemory, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """The monitor, with no worker left to end, ends the actor that gathers results too."""
    claims, other, ended = memory.claims, os.getpid(), threading.Event()

    def train(cohort: Cohort) -> bytes:
        if len(cohort.trials) > 2:
            claim(claims, 3.0, pid=other)
            time.sleep(60.0)
        return encoded(cohort)

    def release_without_exchange() -> None:
        while not (other in claimed(claims) and not exchanges()) and not ended.wait(0.05):
            pass
        claim(claims, 0.0, pid=other)

    thread = threading.Thread(target=release_without_exchange)
    thread.start()
    try:
        with caplog.at_level(logging.WARNING, "gradscape.dispatch"):
            run.on(RayTuneDispatcher(), train)
    finally:
        ended.set()
        thread.join()
    assert run.numbers == [0, 1, 2] and run.failed == []
    assert "another actor gathers results now" in caplog.text
    assert "running low on memory" in caplog.text


def exchanges() -> list[int]:
    """Processes below this one that gather results."""
    found = []
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            if b"ray::Exchange" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found

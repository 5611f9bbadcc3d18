"""Workers whose memory runs out: within a limit of their own, and by Ray's memory monitor."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import ray

from study.dispatch import RayTuneDispatcher
from study.dispatch.cluster.ray_cluster import environment
from study.trial import Cohort
from tests.study.dispatch.contract import Run, encoded

pytestmark = pytest.mark.slow

GB = 2**30


@contextmanager
def local_ray(**settings) -> Iterator[None]:
    with environment():
        ray.init(
            address="local",
            num_cpus=1,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=100_000_000,
            _system_config=settings,
        )
    try:
        yield
    finally:
        ray.shutdown()


def memory_gb() -> dict[str, float]:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 / GB for line in lines}


def allocating(gb_a_trial: float, *, limit_gb: float | None = None) -> Callable[[Cohort], bytes]:
    """Training that takes so much memory a trial, of which the process may have so much more."""

    def train(cohort: Cohort) -> bytes:
        size = int(gb_a_trial * GB * len(cohort.trials))
        before = resource.getrlimit(resource.RLIMIT_AS)
        if limit_gb is not None:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            allowed = pages * resource.getpagesize() + int(limit_gb * GB)
            resource.setrlimit(resource.RLIMIT_AS, (allowed, before[1]))
        try:
            taken = bytearray(b"1") * size
            if limit_gb is None and len(cohort.trials) > 1:
                time.sleep(5.0)
            del taken
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        return encoded(cohort)

    return train


def test_a_cohort_that_does_not_fit_in_memory_comes_in_halves() -> None:
    with local_ray():
        run = Run(12, limit=4).on(RayTuneDispatcher(), allocating(0.5, limit_gb=1.2))
    assert run.numbers == list(range(12)) and run.failed == []
    assert max(len(cohort.trials) for cohort, _ in run.delivered) <= 2


def test_a_worker_that_the_memory_monitor_ends_costs_no_trial() -> None:
    memory = memory_gb()
    if memory["MemAvailable"] < 8:
        pytest.skip("takes 8 GB of memory")
    used = 1 - memory["MemAvailable"] / memory["MemTotal"]
    threshold = used + 3 / memory["MemTotal"]
    reasons: list[str] = []
    with local_ray(memory_usage_threshold=threshold, memory_monitor_refresh_ms=100):
        run = Run(3, limit=4)
        lost = run.queue.lost
        run.queue.lost = lambda cohort, reason, *, halve=False: (
            reasons.append(reason),
            lost(cohort, reason, halve=halve),
        )
        # 4 trials of one kind take 6 GB, 2 of them 3 GB, and one a moment of 1.5 GB.
        run.queue._cohort_key = lambda values: 0
        run.on(RayTuneDispatcher(), allocating(1.6))
    assert run.numbers == [0, 1, 2] and run.failed == []
    assert reasons and "memory ran out" in reasons[0]

"""Workers that hang, freeze, crash, run out of memory or vanish, on a real Ray."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from study.dispatch import DispatchError, RayTuneDispatcher
from study.dispatch.cluster.ray_cluster import environment
from study.trial import Cohort
from tests.study.dispatch.contract import Run, encoded
from tests.support.driver import descendants
from tests.support.warm import forked_workers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def local_ray() -> Iterator[None]:
    with environment(), forked_workers():
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


class Trouble:
    """Trains by doing nothing; the trial of a number does something to its worker.

    Args:
        act: What it does.
        number: Which trial.
        pids: File that gets the process of each worker in trouble.
        times: In how many attempts.
    """

    def __init__(self, act: str, *, number: int, pids: Path, times: int = 99) -> None:
        self.act, self.number, self.pids, self.times = act, number, str(pids), times

    def __call__(self, cohort: Cohort) -> bytes:
        numbers = [trial.number for trial in cohort.trials]
        if self.number in numbers and cohort.attempt < self.times:
            with open(self.pids, "a") as file:
                file.write(f"{os.getpid()}\n")
            getattr(self, self.act)(numbers)
        return json.dumps([[number] for number in numbers]).encode()

    def hang(self, numbers: list[int]) -> None:
        time.sleep(600)

    def freeze(self, numbers: list[int]) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def crash(self, numbers: list[int]) -> None:
        ctypes.string_at(0)

    def be_killed_if_large(self, numbers: list[int]) -> None:
        # As the kernel does when memory runs out.
        print("allocating", 2**30 * len(numbers), file=sys.stderr, flush=True)
        if len(numbers) > 2:
            os.kill(os.getpid(), signal.SIGKILL)


def gone(pids: Path, timeout_s: float = 120.0) -> bool:
    deadline = time.monotonic() + timeout_s
    left = [Path("/proc") / pid for pid in pids.read_text().split()]
    assert left
    while any(one.exists() for one in left) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(one.exists() for one in left)


def reasons(run: Run) -> list[str]:
    told: list[str] = []
    run.queue._fail = lambda trials, reason: (
        run.failed.extend(trial.number for trial in trials),
        told.append(reason),
    )
    return told


def test_a_trial_that_hangs_fails_with_where_it_was(tmp_path: Path) -> None:
    run = Run(12, limit=4, max_retries=1)
    told = reasons(run)
    dispatcher = RayTuneDispatcher(workers=2, limit_s=2.0)
    run.on(dispatcher, Trouble("hang", number=5, pids=tmp_path / "pids"))
    assert run.failed == [5]
    assert sorted(run.numbers + run.failed) == list(range(12))
    assert "longer than resources.cohort_minutes" in told[0]
    assert "test_lost_workers.py, line" in told[0] and told[0].endswith("in hang")
    assert gone(tmp_path / "pids")


def test_a_worker_that_the_system_stopped_is_ended_too(tmp_path: Path) -> None:
    run = Run(8, limit=4)
    dispatcher = RayTuneDispatcher(workers=2, limit_s=1.0)
    run.on(dispatcher, Trouble("freeze", number=5, pids=tmp_path / "pids", times=1))
    assert run.numbers == list(range(8)) and run.failed == []
    assert gone(tmp_path / "pids")


def test_a_crash_is_told_and_takes_no_other_trial_with_it(tmp_path: Path) -> None:
    run = Run(12, limit=6, max_retries=1)
    told = reasons(run)
    run.on(RayTuneDispatcher(workers=2), Trouble("crash", number=5, pids=tmp_path / "pids"))
    assert run.failed == [5]
    assert sorted(run.numbers + run.failed) == list(range(12))
    assert "Segmentation fault at __init__.py" in told[0] and "string_at" in told[0]


def test_a_cohort_that_is_killed_for_memory_comes_in_halves(tmp_path: Path) -> None:
    run = Run(24, limit=8)
    run.on(
        RayTuneDispatcher(workers=2),
        Trouble("be_killed_if_large", number=5, pids=tmp_path / "pids"),
    )
    assert run.numbers == list(range(24)) and run.failed == []


@pytest.mark.parametrize("times", [1, 99])
def test_without_its_exchange_a_study_goes_on_a_few_times(times: int) -> None:
    def delayed(cohort: Cohort) -> bytes:
        time.sleep(0.3)
        return encoded(cohort)

    run = Run(60, limit=4)
    ended = threading.Event()

    def kill() -> None:
        for _ in range(times):
            before = len(run.delivered)
            while len(run.delivered) == before:
                if ended.wait(0.05):
                    return
            for pid in descendants(os.getpid()):
                with contextlib.suppress(OSError):
                    if b"ray::Exchange" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        if times == 1:
            run.on(RayTuneDispatcher(workers=2), delayed)
        else:
            with pytest.raises(DispatchError, match="the same command goes on") as caught:
                run.on(RayTuneDispatcher(workers=2), delayed)
            assert "\n" not in str(caught.value)
    finally:
        ended.set()
        thread.join()
    assert len(set(run.numbers)) == len(run.numbers)
    assert (run.numbers == list(range(60))) is (times == 1)

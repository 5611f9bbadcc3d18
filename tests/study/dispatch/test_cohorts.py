from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from study.dispatch import CohortQueue, cohort_limit
from study.trial import Trial


class Study:
    """Asks trials numbered from 0 whose depth follows a list, over and over."""

    def __init__(self, depths, available: int | None = None) -> None:
        self.depths = depths
        self.available = available
        self.asked = 0
        self.largest_ask = 0
        self.failed: list[tuple[int, str]] = []

    def ask(self, n):
        self.largest_ask = max(self.largest_ask, n)
        if self.available is not None:
            n = min(n, self.available - self.asked)
        trials = [self.trial(self.asked + i) for i in range(n)]
        self.asked += n
        return trials

    def trial(self, number: int) -> Trial:
        return Trial(
            number=number,
            configuration=number,
            seed=number,
            hyperparameters={"depth": self.depths[number % len(self.depths)]},
        )

    def queue(self, trials: int, **settings) -> CohortQueue:
        return CohortQueue(
            ask=self.ask,
            remaining=trials,
            cohort_key=lambda values: values["depth"],
            cost=lambda values: float(values["depth"]),
            fail=lambda trials, why: self.failed.extend((t.number, why) for t in trials),
            **settings,
        )


def drain(queue):
    cohorts = []
    while (cohort := queue.next()) is not None:
        cohorts.append(cohort)
        work = sum(trial.hyperparameters["depth"] for trial in cohort.trials)
        queue.completed(cohort, seconds=float(work))
    return cohorts


def sizes(cohorts):
    return [len(c.trials) for c in cohorts]


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
@pytest.mark.parametrize("seed", range(5))
def test_every_trial_is_in_exactly_one_cohort_of_its_own_kind(workers, seed):
    rng = random.Random(seed)
    depths = [rng.choice([1, 2, 4, 8, 16, 32]) for _ in range(97)]
    trials = rng.choice([1, 63, 64, 65, 500])
    queue = Study(depths).queue(trials, workers=workers, window=rng.choice([16, 100, 2048]))
    cohorts = drain(queue)
    numbers = Counter(t.number for c in cohorts for t in c.trials)
    assert numbers == Counter(range(trials))
    assert all(len({t.hyperparameters["depth"] for t in c.trials}) == 1 for c in cohorts)
    assert max(sizes(cohorts)) <= 64
    assert [c.number for c in cohorts] == list(range(len(cohorts)))
    assert queue.finished


def test_after_a_quick_look_the_costliest_group_goes_first():
    cohorts = drain(Study([2, 2, 2, 32, 8, 8]).queue(60))
    order = [c.trials[0].hyperparameters["depth"] for c in cohorts]
    assert order == [2, 32, 8, 2]
    assert sizes(cohorts)[0] == 8


def test_a_quick_look_takes_small_cohorts_of_each_kind_and_a_twentieth_of_the_work():
    depths = [1, 2, 3, 4, 5, 6, 50]
    cohorts = drain(Study(depths).queue(700))
    looked = cohorts[:6]
    assert [c.trials[0].hyperparameters["depth"] for c in looked] == [1, 2, 3, 4, 5, 6]
    assert set(sizes(looked)) == {8}
    work = [sum(trial.hyperparameters["depth"] for trial in c.trials) for c in cohorts]
    assert sum(work[:6]) <= 0.05 * sum(work)
    assert cohorts[6].trials[0].hyperparameters["depth"] == 50


def test_where_trials_train_one_after_another_results_come_every_few_seconds():
    now = [0.0]
    queue = Study([1]).queue(40, clock=lambda: now[0], apart=lambda values: True)
    assert len((first := queue.next()).trials) == 1
    now[0] = 3.0
    queue.completed(first)
    assert len(queue.next().trials) == 3  # 9 of at most 10 seconds


def test_one_group_is_shared_by_two_workers():
    queue = Study([4]).queue(64, workers=2)
    assert [len(queue.next().trials), len(queue.next().trials)] == [32, 32]
    assert queue.next() is None
    assert not queue.finished


def test_cohorts_are_not_cut_below_eight():
    queue = Study([4]).queue(20, workers=10)
    assert min(sizes(drain(queue))) >= 8
    assert sizes(drain(Study([4]).queue(5, workers=10))) == [5]


def test_a_worker_that_comes_back_early_leaves_work_for_the_one_that_is_nearly_done():
    now = [0.0]
    queue = Study([1]).queue(100, workers=2, clock=lambda: now[0])
    first, second = queue.next(), queue.next()
    assert sizes([first, second]) == [50, 50]
    queue = Study([1]).queue(208, workers=2, clock=lambda: now[0])
    queue.completed(queue.next(), seconds=8.0)  # The quick look.
    first, second = queue.next(), queue.next()
    now[0] = 64.0
    queue.completed(first)
    third = queue.next()
    # 72 wait and the second cohort is as good as done: 36 each, not 64 and 8.
    assert len(third.trials) == 36


def test_no_group_waits_for_ever():
    # Rare cheap trials among a stream of costly ones that always outweigh them.
    depths = [32] * 40 + [1]
    queue = Study(depths).queue(200_000, window=128)
    for _ in range(200):
        cohort = queue.next()
        queue.completed(cohort)
        if cohort.trials[0].hyperparameters["depth"] == 1:
            return
    pytest.fail("the cheap group was overtaken 200 times")


def test_asking_stays_inside_the_window_and_one_ask_is_short():
    study = Study(list(range(1, 50)))
    queue = study.queue(100_000, window=512)
    taken = 0
    for _ in range(300):
        cohort = queue.next()
        taken += len(cohort.trials)
        queue.completed(cohort)
        assert study.asked - taken <= 512
    assert taken > 1000


def test_gpus_get_larger_cohorts():
    for gpus, expected in [(0.0, 64), (0.5, 1024), (1.0, 1024)]:
        queue = Study([1]).queue(3000, limit=cohort_limit(gpus), workers=2)
        queue.prefill()
        assert max(sizes(drain(queue))) == expected


def test_prefill_asks_the_window():
    study = Study([1])
    study.queue(5000, window=1000).prefill()
    assert study.asked == 1000
    assert study.largest_ask <= 128


def test_a_sampler_that_runs_dry_ends_the_study():
    queue = Study([1, 2], available=30).queue(1000)
    assert sum(sizes(drain(queue))) == 30
    assert queue.finished


def test_unfinished_trials_of_an_earlier_run_go_first():
    study = Study([32])
    earlier = [Study([2]).trial(n) for n in (7, 3)]
    queue = study.queue(10, unfinished=earlier)
    first = queue.next()
    assert [t.number for t in first.trials] == [7, 3]
    assert study.asked == 0


def test_lost_cohorts_run_again_first_then_in_halves_then_fail():
    study = Study([1])
    queue = study.queue(16, max_retries=2)
    whole = queue.next()
    queue.lost(whole, "node lost")
    again = queue.next()
    assert (again.trials, again.attempt) == (whole.trials, 1)
    assert again.number != whole.number
    queue.lost(again, "node lost")
    left, right = queue.next(), queue.next()
    assert left.trials + right.trials == whole.trials and left.attempt == 2
    queue.completed(left)
    # It has had its retries, but most of it may be innocent.
    queue.lost(right, "killed by the kernel")
    assert study.failed == []
    while (cohort := queue.next()) is not None:
        if 13 in [t.number for t in cohort.trials]:
            queue.lost(cohort, "killed by the kernel")
        else:
            queue.completed(cohort)
    assert study.failed == [(13, "killed by the kernel")]
    assert queue.finished


def test_where_every_worker_dies_trials_fail_together():
    study = Study([1])
    queue = study.queue(200, max_retries=2)
    issued = 0
    while (cohort := queue.next()) is not None:
        issued += 1
        queue.lost(cohort, "killed by the kernel")
    assert sorted(number for number, _ in study.failed) == list(range(200))
    assert issued < 40


def test_no_retries_is_none():
    study = Study([1])
    queue = study.queue(4, max_retries=0)
    queue.lost(queue.next(), "node lost")
    assert len(study.failed) == 4 and queue.finished


def test_out_of_memory_halves_at_once():
    queue = Study([1]).queue(16)
    queue.lost(queue.next(), "out of memory", halve=True)
    assert sizes([queue.next(), queue.next()]) == [8, 8]


@pytest.mark.parametrize("halve", [False, True])
def test_a_cohort_that_is_taken_back_has_its_retries_left(halve):
    study = Study([1])
    queue = study.queue(4, max_retries=0)
    cohort = queue.next()
    queue.completed(cohort)
    queue.take_back(cohort, "its tables were lost", halve=halve)
    assert not queue.finished
    again = drain(queue)
    assert [c.attempt for c in again] == [0] * len(again)
    assert sizes(again) == ([2, 2] if halve else [4])
    assert study.failed == [] and queue.finished


def test_a_late_word_about_a_cohort_changes_nothing():
    queue = Study([1]).queue(4)
    cohort = queue.next()
    queue.completed(cohort)
    queue.completed(cohort)
    queue.lost(cohort, "late")
    assert queue.next() is None and queue.finished


def test_threads_never_get_the_same_trial():
    queue = Study([1, 2, 4]).queue(3000, workers=4, window=256)
    seen: list[int] = []

    def work():
        for cohort in iter(queue.next, None):
            seen.extend(t.number for t in cohort.trials)
            queue.completed(cohort)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(3000))


def test_time_left_is_told_from_the_work_done() -> None:
    now = [0.0]
    queue = Study([1]).queue(40, limit=10, clock=lambda: now[0])
    assert queue.left_s is None
    cohort = queue.next()
    assert cohort is not None and queue.left_s is None
    now[0] = 5.0
    queue.completed(cohort)
    size = len(cohort.trials)
    assert queue.left_s == pytest.approx((40 - size) * 5.0 / size)


def test_time_left_is_estimated_from_the_measured_times_of_each_kind() -> None:
    # By their arithmetic deep trials cost 32 times as much; they take 4 times as long. The time
    # left was wrong by as much while the first cohorts were all of one kind.
    queue = Study([1, 32]).queue(400)
    while (left_s := queue.left_s) is None or left_s > 0:
        cohort = queue.next()
        depth = cohort.trials[0].hyperparameters["depth"]
        queue.completed(cohort, seconds=len(cohort.trials) * (4.0 if depth == 32 else 1.0))
        if depth == 32:
            break
    waiting = {1: 200 - 8, 32: 200 - len(cohort.trials)}
    assert queue.left_s == pytest.approx(waiting[1] + 4.0 * waiting[32])

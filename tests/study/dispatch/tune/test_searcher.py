"""What the loss of the actor that gathers results costs."""

from __future__ import annotations

import threading

import pytest
from ray.tune.search import Searcher

from study.dispatch.tune.searcher import SPARE_EXCHANGES, CohortSearcher, RunState
from study.errors import DispatchError, ExchangeGone
from study.trial import Trial
from tests.study.dispatch.contract import Run


@pytest.mark.parametrize(("out_of_memory", "sizes"), [(False, [3]), (True, [2, 1])])
def test_trials_pay_nothing_for_the_loss_of_the_exchange(
    out_of_memory: bool, sizes: list[int]
) -> None:
    run = Run(3, max_retries=0)
    run.queue._cohort_key = lambda values: 0
    state = RunState(run.queue, threading.Event())
    cohort = run.queue.next()
    assert cohort is not None
    state.issue(cohort)
    state.fail(ExchangeGone("gone", out_of_memory=out_of_memory))
    assert state.recover()
    again = [run.queue.next() for _ in sizes]
    assert [len(one.trials) for one in again if one is not None] == sizes
    assert [one.attempt for one in again if one is not None] == [0] * len(sizes)
    assert run.failed == []


def test_a_study_whose_exchange_is_lost_each_time_ends() -> None:
    state = RunState(Run(3).queue, threading.Event())
    for _ in range(SPARE_EXCHANGES):
        state.fail(ExchangeGone("gone"))
        assert state.recover()
    state.fail(ExchangeGone("gone"))
    assert not state.recover()
    assert isinstance(state.failure, DispatchError)


def test_it_may_be_lost_to_memory_as_often_as_smaller_cohorts_may_do() -> None:
    # Ray's monitor ends it beside a worker: the fourth cohort that was too large ended a study.
    run = Run(64, limit=64)
    run.queue._cohort_key = lambda values: 0
    state = RunState(run.queue, threading.Event())
    times = 0
    while True:
        cohort = run.queue.next()
        assert cohort is not None
        state.issue(cohort)
        state.fail(ExchangeGone("gone", out_of_memory=True))
        if not state.recover():
            break
        times += 1
    assert times == 63 + SPARE_EXCHANGES
    assert run.failed == []


class Late(Run):
    """Its trials can be asked for a while later only, as those that confirm a region."""

    looks = 5

    def ask(self, n: int) -> list[Trial] | None:
        self.looks -= 1
        return super().ask(n) if self.looks < 0 else None


def searcher(run: Run) -> tuple[CohortSearcher, RunState]:
    state = RunState(run.queue, run.stop)
    return CohortSearcher(state, publish=lambda cohort: None, room=lambda: 9), state


def test_a_cohort_is_waited_for_while_none_is_in_training() -> None:
    # Left with nothing, Tune looks again once a second, and three times a confirmation.
    late, state = searcher(Late(3, limit=1))
    assert late.suggest("a") == {"cohort": 0}
    assert state.running == 1


def test_nothing_is_waited_for_while_a_cohort_trains() -> None:
    late, state = searcher(Late(3, limit=1))
    given = [late.suggest(name) for name in "abcd"]
    assert given == [{"cohort": 0}, {"cohort": 1}, {"cohort": 2}, None]
    assert state.running == 3


def test_waiting_ends_when_the_study_is_stopped() -> None:
    run = Late(3)
    run.looks = 10**9
    late, _ = searcher(run)
    threading.Timer(0.2, run.stop.set).start()
    assert late.suggest("a") is None
    assert late.suggest("b") == Searcher.FINISHED

"""What the loss of the actor that gathers results costs."""

from __future__ import annotations

import threading

import pytest

from study.dispatch.tune.searcher import SPARE_EXCHANGES, RunState
from study.errors import DispatchError, ExchangeGone
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

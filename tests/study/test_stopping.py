from __future__ import annotations

import logging

import pytest

from study.stopping import Audit, goes_on


def decided(verdict: str, *, ran: int = 200) -> dict[str, object]:
    return {"decided_step": 89, "steps_run": ran, "verdict": verdict}


def test_a_twentieth_goes_on_whatever_the_rule_says() -> None:
    chosen = [goes_on(trial, seed) for trial in range(200) for seed in range(50)]
    assert 0.04 < sum(chosen) / len(chosen) < 0.06
    assert chosen == [goes_on(trial, seed) for trial in range(200) for seed in range(50)]


def test_a_rule_that_is_wrong_too_often_ends_no_more_trials(
    caplog: pytest.LogCaptureFixture,
) -> None:
    audit = Audit()
    undecided = {"decided_step": None, "steps_run": 200, "verdict": "stable"}
    audit.add([undecided, decided("vanishing", ran=90), decided("vanishing"), decided("slow")])
    assert (audit.stopped, audit.audited, audit.wrong) == (1, 2, 1)
    assert not audit.trusted
    assert "wrong in 1 of 2 trials" in caplog.text


def test_one_wrong_decision_among_many_is_no_proof(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        audit = Audit()
        audit.add([decided("vanishing")] * 30)
        audit.add([decided("stable")])
        assert audit.trusted and not caplog.text
        audit.add([decided("stable")])
    # 2 of 32: the exact bound is 1.1 %.
    assert not audit.trusted and caplog.text.count("2 of 32") == 1

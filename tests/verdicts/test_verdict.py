from __future__ import annotations

import numpy as np
import pytest

from study.verdicts import Outcome, Regime, Verdict
from study.verdicts.verdict import verdicts

BARRED = ["vanishing", "dead", "saturated"]


def _verdict(outcome: str, initial: str | None, final: str | None) -> str:
    arrays = [np.array([value], dtype=object) for value in (outcome, initial, final)]
    return str(verdicts(*arrays)[0])


@pytest.mark.parametrize("regime", list(Regime))
def test_a_regime_alone_is_no_failure(regime: Regime) -> None:
    assert _verdict("trained", regime, regime) == "stable"


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize("outcome", ["nonfinite", "diverged"])
def test_what_blew_up_exploded(outcome: str, regime: Regime) -> None:
    assert _verdict(outcome, regime, regime) == "exploding"


@pytest.mark.parametrize("outcome", ["oscillating", "stalled", "slow"])
def test_a_failure_in_an_exploding_regime_exploded(outcome: str) -> None:
    assert _verdict(outcome, "exploding", "exploding") == "exploding"
    assert _verdict(outcome, "exploding", "healthy") == "exploding"
    assert _verdict(outcome, "healthy", "exploding") == "exploding"


@pytest.mark.parametrize("regime", BARRED)
@pytest.mark.parametrize("outcome", ["stalled", "slow"])
def test_little_learned_without_gradients_is_vanishing(outcome: str, regime: str) -> None:
    assert _verdict(outcome, regime, regime) == "vanishing"
    assert _verdict(outcome, regime, "healthy") == "vanishing"
    assert _verdict(outcome, "healthy", regime) == "vanishing"


@pytest.mark.parametrize("regime", [*BARRED, "healthy"])
def test_oscillation_is_its_own_verdict(regime: str) -> None:
    assert _verdict("oscillating", regime, regime) == "oscillating"


@pytest.mark.parametrize("outcome", ["stalled", "slow"])
def test_little_learned_with_healthy_gradients_stalled(outcome: str) -> None:
    assert _verdict(outcome, "healthy", "healthy") == "stalled"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("nonfinite", "exploding"),
        ("diverged", "exploding"),
        ("oscillating", "oscillating"),
        ("stalled", "stalled"),
        ("slow", "stalled"),
        ("trained", "stable"),
    ],
)
def test_without_regimes_the_outcome_decides(outcome: str, expected: str) -> None:
    assert _verdict(outcome, None, None) == expected


def test_the_final_regime_counts_before_the_initial_one() -> None:
    assert _verdict("slow", "exploding", "vanishing") == "vanishing"
    assert _verdict("slow", "vanishing", "exploding") == "exploding"


def test_every_combination_has_a_verdict() -> None:
    known = set(Verdict)
    for outcome in Outcome:
        for initial in Regime:
            for final in Regime:
                assert _verdict(outcome, initial, final) in known
    assert all(one.meaning for one in Verdict)

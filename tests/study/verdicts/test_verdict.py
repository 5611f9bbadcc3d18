from __future__ import annotations

import numpy as np
import pytest

from study.verdicts import Outcome, Verdict
from study.verdicts.failure import Failure
from study.verdicts.verdict import verdicts


def verdict(outcome: str, failure: str) -> str:
    return str(verdicts(*[np.array([one], dtype=object) for one in (outcome, failure)])[0])


@pytest.mark.parametrize("failure", list(Failure))
def test_what_trained_is_stable_whatever_was_seen(failure: Failure) -> None:
    assert verdict("trained", failure) == "stable"


@pytest.mark.parametrize("failure", ["blown_up", "exploding_gradients", "violent_updates"])
@pytest.mark.parametrize("outcome", ["nonfinite", "diverged", "oscillating", "stalled", "slow"])
def test_failures_by_too_much_are_exploding(outcome: str, failure: str) -> None:
    assert verdict(outcome, failure) == "exploding"


@pytest.mark.parametrize("failure", ["no_gradient", "none"])
def test_oscillation_is_its_own_verdict(failure: str) -> None:
    assert verdict("oscillating", failure) == "oscillating"


@pytest.mark.parametrize("outcome", ["stalled", "slow"])
def test_little_learned_is_vanishing_or_stalled(outcome: str) -> None:
    assert verdict(outcome, "no_gradient") == "vanishing"
    assert verdict(outcome, "none") == outcome


def test_every_combination_has_a_verdict() -> None:
    for outcome in Outcome:
        for failure in Failure:
            assert verdict(outcome, failure) in set(Verdict)
    assert all(one.meaning for one in (*Verdict, *Failure))

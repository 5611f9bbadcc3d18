from __future__ import annotations

import numpy as np
import pytest

from study.verdicts import Outcome, Verdict
from study.verdicts.cause import Cause
from study.verdicts.verdict import verdicts


def verdict(outcome: str, cause: str) -> str:
    return str(verdicts(*[np.array([one], dtype=object) for one in (outcome, cause)])[0])


@pytest.mark.parametrize("cause", list(Cause))
def test_what_trained_is_stable_whatever_was_seen(cause: Cause) -> None:
    assert verdict("trained", cause) == "stable"


@pytest.mark.parametrize("cause", ["blown_up", "exploding_gradients", "violent_updates"])
@pytest.mark.parametrize("outcome", ["nonfinite", "diverged", "oscillating", "stalled", "slow"])
def test_failures_by_too_much_are_exploding(outcome: str, cause: str) -> None:
    assert verdict(outcome, cause) == "exploding"


@pytest.mark.parametrize("cause", ["no_gradient", "none"])
def test_oscillation_is_its_own_verdict(cause: str) -> None:
    assert verdict("oscillating", cause) == "oscillating"


@pytest.mark.parametrize("outcome", ["stalled", "slow"])
def test_little_learned_is_vanishing_or_stalled(outcome: str) -> None:
    assert verdict(outcome, "no_gradient") == "vanishing"
    assert verdict(outcome, "none") == "stalled"


def test_every_combination_has_a_verdict() -> None:
    for outcome in Outcome:
        for cause in Cause:
            assert verdict(outcome, cause) in set(Verdict)
    assert all(one.meaning for one in (*Verdict, *Cause))

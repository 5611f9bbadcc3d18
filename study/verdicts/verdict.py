"""What to make of a trial: its outcome, and the gradient regime that goes with it."""

from __future__ import annotations

import numpy as np

from study.verdicts.label_enum import Label
from study.verdicts.outcome import Outcome
from study.verdicts.regime import Regime


class Verdict(Label):
    """The verdict on a trial. A regime alone never makes a failure."""

    STABLE = "stable", "it trained"
    EXPLODING = "exploding", "it failed and its loss or gradients exploded"
    VANISHING = "vanishing", "it learned little or nothing and its gradients do not arrive"
    OSCILLATING = "oscillating", "it failed because its loss does not settle"
    STALLED = (
        "stalled",
        "it learned little or nothing though its gradients are healthy, or were not measured",
    )


_BARRED = (Regime.VANISHING, Regime.DEAD, Regime.SATURATED)
_FRUITLESS = (Outcome.STALLED, Outcome.SLOW)


def failing_regime(regime_initial: np.ndarray, regime_final: np.ndarray) -> np.ndarray:
    """The regime that a failure is put down to: the final one unless it is healthy; (n,)."""
    return np.where(regime_final == Regime.HEALTHY.value, regime_initial, regime_final)


def verdicts(
    outcome: np.ndarray, regime_initial: np.ndarray, regime_final: np.ndarray
) -> np.ndarray:
    """Verdict of each trial, as the strings of `Verdict`.

    Args:
        outcome: Strings of `Outcome`, shape (n,).
        regime_initial: Strings of `Regime`, None where unmeasured, shape (n,).
        regime_final: The same, shape (n,). Without regimes the outcome alone decides.

    Returns:
        Strings, shape (n,).
    """
    regime = failing_regime(regime_initial, regime_final)
    trained = outcome == Outcome.TRAINED.value
    blown_up = np.isin(outcome, [Outcome.NONFINITE.value, Outcome.DIVERGED.value])
    fruitless = np.isin(outcome, [one.value for one in _FRUITLESS])
    conditions = [
        (Verdict.STABLE, trained),
        (Verdict.EXPLODING, blown_up | (regime == Regime.EXPLODING.value)),
        (Verdict.OSCILLATING, outcome == Outcome.OSCILLATING.value),
        (Verdict.VANISHING, fruitless & np.isin(regime, [one.value for one in _BARRED])),
    ]
    return np.select(
        [holds for _, holds in conditions],
        [one.value for one, _ in conditions],
        default=Verdict.STALLED.value,
    )

"""In which way a trial failed, by its outcome and gradients: its verdict follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts.label_enum import Label
from study.verdicts.numeric import numbers
from study.verdicts.outcome import Outcome, first_loss_scale
from study.verdicts.regime import Regime
from study.verdicts.thresholds import Thresholds

COME_DOWN = 0.5
"""Share of the first loss that must be gone for a rise before it to have been a catapult."""


FAR = 10.0
"""Factor from 1 from which inputs or targets are off the scale that networks start with: units of
tanh and sigmoid are flat at 10."""


class Failure(Label):
    """In which way a trial failed; the first that matches, in this order."""

    BLOWN_UP = "blown_up", "loss, gradients or parameters left all bounds"
    GRADIENTS = "exploding_gradients", "gradients grow on their way to the first layer"
    UPDATES = "violent_updates", "updates of the parameters' own size destroyed a sound network"
    BARRED = "no_gradient", "gradients do not arrive"
    NONE = "none", "nothing is wrong with the gradients, or nothing is known of them"


@dataclass(frozen=True, kw_only=True)
class Regimes:
    """Strings of `Regime`, None where layers were not measured; arrays of shape (trials,).

    Attributes:
        start: At step 0, whatever the network.
        initial: At initialization, for some networks after a few steps.
        final: At the end.
    """

    start: np.ndarray
    initial: np.ndarray
    final: np.ndarray


def violent(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Returns whether some recorded update moved parameters by much of their size, (trials,)."""
    return numbers(trials, "update_ratio_max") > thresholds.violent_update


def rose(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Returns whether the loss rose far above the first at some step, (trials,)."""
    with np.errstate(invalid="ignore"):  # infinite losses
        rise = numbers(trials, "loss_max") - numbers(trials, "loss_initial")
    return rise > thresholds.loss_rise * first_loss_scale(trials)


def came_down(trials: pd.DataFrame) -> np.ndarray:
    """Returns whether the loss ended far below the first, (trials,): a rise before was passed."""
    first = numbers(trials, "loss_initial")
    with np.errstate(invalid="ignore"):
        return (first - numbers(trials, "loss_final")) > COME_DOWN * first_loss_scale(trials)


def failures(
    outcome: np.ndarray,
    regimes: Regimes,
    violent: np.ndarray,
    rose: np.ndarray,
    learning: np.ndarray,
) -> np.ndarray:
    """Finds the way in which each trial failed, as the strings of `Failure`; shapes (n,).

    A network whose gradients arrive at step 0 is sound: if updates of its parameters' own size
    came and its units are dead later, or its loss rose and never came down to the target, then
    not its gradients but the step size is to blame. Gradients that explode at first count where
    nothing was learned, or where they are gone later, which is what such updates lead to; a
    network that learns and whose gradients have become healthy is only slow.

    Args:
        outcome: Strings of `Outcome`.
        regimes: The trials' gradient regimes.
        violent: Whether some update was violent.
        rose: Whether the loss rose far above the first.
        learning: Whether the loss still fell when the steps ended: such a network is only slow,
            whatever its gradients.

    Returns:
        `Failure.NONE` for a trial that trained.
    """
    stalled = outcome == Outcome.STALLED.value
    fruitless = stalled | (outcome == Outcome.SLOW.value)
    swinging = outcome == Outcome.OSCILLATING.value
    exploding_first = regimes.initial == Regime.EXPLODING.value
    exploding_last = regimes.final == Regime.EXPLODING.value
    barred_last = _barred(regimes.final)
    # Networks that begin with weights of zero have no gradient at step 0, but one after it;
    # others may be judged after updates that have done their damage.
    barred_first = _barred(regimes.initial) & _barred(regimes.start)
    gradients = exploding_last | (exploding_first & (barred_last | stalled))
    # What has learned something had gradients to learn from.
    sound = ~barred_first | ~stalled
    updates = violent & sound & (barred_last | rose)
    barred = barred_last | (barred_first & stalled)
    only_slow = learning & (outcome == Outcome.SLOW.value)
    conditions = [
        (Failure.NONE, (outcome == Outcome.TRAINED.value) | only_slow),
        (Failure.BLOWN_UP, ~(fruitless | swinging)),
        (Failure.GRADIENTS, gradients),
        (Failure.UPDATES, fruitless & updates),
        (Failure.BARRED, fruitless & barred),
    ]
    return np.select(
        [holds for _, holds in conditions],
        [member.value for member, _ in conditions],
        default=Failure.NONE.value,
    )


def _barred(regime: np.ndarray) -> np.ndarray:
    return np.isin(regime.astype(object), [member.value for member in _NO_GRADIENT])


_NO_GRADIENT = (Regime.VANISHING, Regime.DEAD, Regime.SATURATED)

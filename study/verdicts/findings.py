"""What is found of every trial before its cause is asked for: outcome, regimes, way of failing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts.failure import FAR, Regimes, came_down, failures, rose, violent
from study.verdicts.learning import still_learning
from study.verdicts.numeric import numbers, numbers_or_nan
from study.verdicts.outcome import Outcome, aimless, outcomes
from study.verdicts.profiles.layer_profile import Profiles
from study.verdicts.regime import (
    Moment,
    Regime,
    calls_of,
    final_moment,
    initial_moment,
    moment_at_start,
)
from study.verdicts.thresholds import Thresholds


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Arrays of shape (trials,).

    Attributes:
        outcome: Strings of `Outcome`.
        failure: Strings of `Failure`.
        regimes: Gradient regimes at three moments.
        initial: The moment that counts as initialization.
        final: The moment that counts as the end.
        learning: Whether the loss still fell when the steps ended.
        calls: Time steps of the network; 1 in a feed-forward one.
    """

    outcome: np.ndarray
    failure: np.ndarray
    regimes: Regimes
    initial: Moment
    final: Moment
    learning: np.ndarray
    calls: np.ndarray


def findings(
    trials: pd.DataFrame, steps: pd.DataFrame | None, profiles: Profiles, thresholds: Thresholds
) -> Findings:
    """Finds them, in the order of `trials`.

    Args:
        trials: Figures of docs/tables.md.
        steps: The recorded steps of these trials, if they are known.
        profiles: Those of the trials' hidden layers.
        thresholds: Where one label ends and the next begins.
    """
    initial = initial_moment(trials, profiles, thresholds)
    final = final_moment(trials, profiles, thresholds)
    outcome = outcomes(trials, thresholds).to_numpy(dtype=object)
    outcome = _without_aim(outcome, final, trials, thresholds)
    start = moment_at_start(trials, profiles, thresholds)
    regimes = Regimes(start=start.regime, initial=initial.regime, final=final.regime)
    barring = Regimes(
        **{
            name: _barring(moment, trials, thresholds)
            for name, moment in (("start", start), ("initial", initial), ("final", final))
        }
    )
    learning = still_learning(trials, steps)
    # What ended far below its first loss and goes on falling is past its catapult.
    high = rose(trials, thresholds) & ~(learning & came_down(trials))
    return Findings(
        outcome=outcome,
        failure=failures(outcome, barring, violent(trials, thresholds), high, learning),
        regimes=regimes,
        initial=initial,
        final=final,
        learning=learning,
        calls=calls_of(initial, profiles),
    )


def _barring(moment: Moment, trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Regimes without what unscaled inputs saturate though gradients arrive, (trials,).

    Of one configuration some seeds saturate a little more than half of the first layer and others
    a little less, which tells nothing of the gradients.
    """
    with np.errstate(invalid="ignore"):
        arrive = moment.ratio >= thresholds.vanishing_ratio
        flat = arrive & (numbers_or_nan(trials, "input_rms") > FAR)
    flat &= moment.regime == Regime.SATURATED.value
    return np.where(flat, Regime.HEALTHY.value, moment.regime).astype(object)


def _without_aim(
    outcome: np.ndarray, final: Moment, trials: pd.DataFrame, thresholds: Thresholds
) -> np.ndarray:
    """Judges trials without a target by what their gradients and updates show, (trials,).

    They count as trained unless gradients do not arrive or explode at the end, nothing moves, or
    violent updates are the rule or drove the loss up.
    """
    update = numbers(trials, "update_ratio_median")
    sick = (final.regime != None) & (final.regime != Regime.HEALTHY.value)  # noqa: E711
    sick |= (update == 0) | (update > thresholds.violent_update)
    sick |= violent(trials, thresholds) & rose(trials, thresholds)
    sick &= aimless(trials) & (outcome == Outcome.TRAINED.value)
    return np.where(sick, Outcome.STALLED.value, outcome).astype(object)

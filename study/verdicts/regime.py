"""How gradients travel through the hidden layers: at initialization and at the end of training.

delta_l is the gradient of the loss by layer l's pre-activation; R = rms(delta) of the first over
the last hidden layer or, in a recurrent network, of the first over the last time step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.verdicts.label_enum import Label
from study.verdicts.profiles.layer_profile import Profiles
from study.verdicts.thresholds import Thresholds

FINAL_STEPS = 3
"""Recorded steps whose middle R is the final one; one step alone is noisy near a boundary."""

WARM_IN_STEP = 3
"""Last step of the warm-in at which those of `NOT_AT_STEP_0` are judged initially."""

NOT_AT_STEP_0 = {"normalization": ("batch",), "residual_initialization": ("fixup", "zero_last")}
"""Values of hyperparameters with which gradients at step 0 are not those of the training."""

NONE = -1
"""Index of a profile that does not exist."""


class Regime(Label):
    """A gradient regime; the first that matches, in this order."""

    EXPLODING = "exploding", "gradients grow on their way to the first layer, or are not finite"
    DEAD = "dead", "a hidden layer that is nearly all zero on the whole batch, or gets no gradient"
    SATURATED = "saturated", "a hidden layer most of whose activations are flat"
    VANISHING = "vanishing", "gradients are all but gone when they reach the first layer"
    HEALTHY = "healthy", "gradients arrive at every layer"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The regime of every trial at one moment of its training; arrays of shape (trials,).

    Attributes:
        regime: Strings of `Regime`; None where layers were not measured.
        profile: Index of the profile that R is from; `NONE` if no delta was finite.
        units: Index of the profile that dead and saturated shares are from; `NONE` if a trial has
            no hidden layer.
        ratio: R; NaN if no delta was finite.
        dead: Largest share of dead units in a hidden layer; NaN where unmeasured.
        saturated: Largest share of saturated activations; NaN where unmeasured.
    """

    regime: np.ndarray
    profile: np.ndarray
    units: np.ndarray
    ratio: np.ndarray
    dead: np.ndarray
    saturated: np.ndarray


def regime(
    ratio: np.ndarray, dead: np.ndarray, saturated: np.ndarray, thresholds: Thresholds
) -> np.ndarray:
    """Finds the regime by R and the worst layer's shares, as the strings of `Regime`; shapes (n,).

    Exploding comes first, because it was measured and calls for another cure; dead and saturated
    come before vanishing, because they are what made it vanish. An infinite R is a last hidden
    layer that no gradient reaches, which has died. NaN is unmeasured and no alarm.
    """
    conditions = [
        (Regime.EXPLODING, (ratio > thresholds.exploding_ratio) & np.isfinite(ratio)),
        (Regime.DEAD, (dead >= thresholds.dead_share) | np.isposinf(ratio)),
        (Regime.SATURATED, saturated > thresholds.saturated_share),
        (Regime.VANISHING, ratio < thresholds.vanishing_ratio),
    ]
    return np.select(
        [holds for _, holds in conditions],
        [regime.value for regime, _ in conditions],
        default=Regime.HEALTHY.value,
    )


def initial_moment(trials: pd.DataFrame, profiles: Profiles, thresholds: Thresholds) -> Moment:
    """Regimes at the first recorded step.

    Networks with batch normalization explode at step 0 and have equilibrated a step later (Yang
    et al. 2019), and those that begin with weights of zero (residual branches, a readout) have no
    gradient to judge before the first update, so theirs is the middle of steps 1 to 3 where these
    were recorded.
    """
    first, end = _extent(trials, profiles)
    window = np.full((len(trials), FINAL_STEPS), NONE)
    window[:, 0] = _if_finite(profiles, first, end)
    late = _judged_after_warm_in(trials) | _unreached(profiles, first, end)
    if late.any() and len(profiles):
        after = first[:, None] + np.arange(1, FINAL_STEPS + 1)
        after = np.where(after < end[:, None], after, NONE)
        after[profiles.step[after] > WARM_IN_STEP] = NONE
        after = np.where(after == NONE, NONE, np.where(profiles.finite[after], after, NONE))
        late &= (after != NONE).any(axis=1)
        window[late] = after[late]
    profile = _middle(profiles, window)
    exists = np.where(first < end, first, NONE)
    units = np.where(profile == NONE, exists, profile)
    return _moment(trials, profiles, profile, units, thresholds)


def _unreached(profiles: Profiles, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Returns whether no hidden layer received any gradient at the first step, (trials,)."""
    if not len(profiles):
        return np.zeros(len(first), dtype=bool)
    return (first < end) & ~profiles.reached[np.minimum(first, len(profiles) - 1)]


def moment_at_start(trials: pd.DataFrame, profiles: Profiles, thresholds: Thresholds) -> Moment:
    """Regimes at the first recorded step, whatever the network."""
    first, end = _extent(trials, profiles)
    profile = _if_finite(profiles, first, end)
    units = np.where(first < end, first, NONE)
    return _moment(trials, profiles, profile, units, thresholds)


def _judged_after_warm_in(trials: pd.DataFrame) -> np.ndarray:
    """Returns whether step 0 of a trial says nothing; (trials,)."""
    late = np.zeros(len(trials), dtype=bool)
    for column, values in NOT_AT_STEP_0.items():
        if column in trials.columns:
            late |= trials[column].isin(values).to_numpy()
    return late


def final_moment(trials: pd.DataFrame, profiles: Profiles, thresholds: Thresholds) -> Moment:
    """Regimes at the end: R is the middle one of the last 3 recorded steps with finite deltas.

    Dead and saturated shares are those of the last of these steps: where values are not finite,
    no unit counts as dead.
    """
    finite = np.flatnonzero(profiles.finite)
    number = trials["trial"].to_numpy(dtype=np.int64)
    first = np.searchsorted(profiles.trial[finite], number, side="left")
    end = np.searchsorted(profiles.trial[finite], number, side="right")
    back = end[:, None] - 1 - np.arange(FINAL_STEPS)
    window = np.full(back.shape, NONE)
    inside = back >= first[:, None]
    window[inside] = finite[back[inside]]
    start, stop = _extent(trials, profiles)
    units = np.where(window[:, 0] == NONE, np.where(start < stop, stop - 1, NONE), window[:, 0])
    return _moment(trials, profiles, _middle(profiles, window), units, thresholds)


def at_first_step(trials: pd.DataFrame, profiles: Profiles) -> tuple[np.ndarray, np.ndarray]:
    """Returns R and depth scale at the first recorded step, NaN where delta is not finite.

    The depth scale is 1 / |s| in layers, s the slope of ln rms(delta_l)^2 over l: the number of
    layers over which the squared gradient changes by a factor e. Infinite where s is 0, NaN with
    fewer than two hidden layers that a gradient reaches. In a recurrent network it is in time
    steps.

    References:
        Schoenholz et al., Deep Information Propagation, ICLR 2017, eq. 11.
    """
    first, end = _extent(trials, profiles)
    profile = np.where(first < end, first, NONE)
    with np.errstate(divide="ignore"):
        depth_scale = 1 / np.abs(_take(profiles.slope, profile))
    return _take(profiles.ratio, profile), depth_scale


def calls_of(moment: Moment, profiles: Profiles) -> np.ndarray:
    """Returns the time steps of each trial's network; 1 in a feed-forward one, (trials,)."""
    return np.nan_to_num(_take(profiles.calls, moment.units), nan=1)


def _moment(
    trials: pd.DataFrame,
    profiles: Profiles,
    profile: np.ndarray,
    units: np.ndarray,
    thresholds: Thresholds,
) -> Moment:
    ratio = _take(profiles.ratio, profile)
    dead, saturated = _take(profiles.dead, units), _take(profiles.saturated, units)
    names = regime(ratio, dead, saturated, thresholds).astype(object)
    names[(profile == NONE) & (units != NONE)] = Regime.EXPLODING.value
    names[~np.isin(trials["trial"].to_numpy(dtype=np.int64), profiles.measured)] = None
    return Moment(
        regime=names, profile=profile, units=units, ratio=ratio, dead=dead, saturated=saturated
    )


def _extent(trials: pd.DataFrame, profiles: Profiles) -> tuple[np.ndarray, np.ndarray]:
    number = trials["trial"].to_numpy(dtype=np.int64)
    return (
        np.searchsorted(profiles.trial, number, side="left"),
        np.searchsorted(profiles.trial, number, side="right"),
    )


def _if_finite(profiles: Profiles, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    exists = first < end
    chosen = np.full(len(first), NONE)
    chosen[exists] = np.where(profiles.finite[first[exists]], first[exists], NONE)
    return chosen


def _middle(profiles: Profiles, window: np.ndarray) -> np.ndarray:
    """Index of the profile with the middle R by row; the smaller R of two."""
    ratio = np.where(window == NONE, np.inf, _take(profiles.ratio, window))
    # An absent profile must stay behind one whose R is infinite.
    order = np.lexsort((window == NONE, ratio), axis=1)
    count = (window != NONE).sum(axis=1)
    rows = np.arange(len(window))
    return np.asarray(window[rows, order[rows, np.maximum(count - 1, 0) // 2]])


def _take(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values at the indices, NaN at `NONE`."""
    if len(values) == 0:
        return np.full(index.shape, np.nan)
    return np.where(index == NONE, np.nan, values[index])

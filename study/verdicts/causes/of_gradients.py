"""Causes that lie in how signals and gradients travel: through depth, time and units."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.rule import Rule
from study.verdicts.causes.signs import Signs
from study.verdicts.explanation.numbers import figure
from study.verdicts.failure import Failure
from study.verdicts.regime import Regime
from study.verdicts.thresholds import Thresholds

STATE_GROWTH = 10.0
"""Ratio of the last to the first time step's pre-activations from which a state adds up."""

RUN_AWAY = 100.0
"""A loss so many times the first comes from outputs that have run away."""

OWN_SIZE = 0.5
"""Updates below this share of the parameters leave the weights about what they were."""

FAR_ENOUGH = 0.5
"""Share of the way from chance to the ceiling from which units that do not respond did not hinder
learning."""

CHAOTIC_RATIO = 10.0
"""R at initialization from which gradients grow where theory expects them to explode and units
saturate later: a chaotic network of finite width stays short of the theory."""

Holds = Callable[[Signs, Thresholds], np.ndarray]

_BARRED = (Regime.VANISHING, Regime.DEAD, Regime.SATURATED)


def _is(labels: np.ndarray, *members: str) -> np.ndarray:
    return np.isin(labels.astype(object), [str(member) for member in members])


def _exploded(signs: Signs) -> np.ndarray:
    return _is(signs.failure, Failure.BLOWN_UP, Failure.GRADIENTS, Failure.UPDATES)


def _growing(signs: Signs, thresholds: Thresholds) -> np.ndarray:
    first = _is(signs.initial, Regime.EXPLODING)
    # Gradients that came to explode under violent updates are not to blame themselves.
    later = _is(signs.failure, Failure.GRADIENTS) & np.isnan(signs.violent_step)
    with np.errstate(invalid="ignore"):
        chaotic = (signs.ratio_initial > CHAOTIC_RATIO) & (
            signs.predicted_ratio > thresholds.exploding_ratio
        )
    return (_exploded(signs) & (first | later)) | (chaotic & _is(signs.final, *_BARRED))


def _shrinking(signs: Signs) -> np.ndarray:
    return _is(signs.failure, Failure.BARRED) & _is(signs.initial, Regime.VANISHING)


def _came_to_shrink(signs: Signs, *, recurrent: bool) -> np.ndarray:
    """Also where it learned something before: whose gradients are gone is not short of steps."""
    later = _is(signs.failure, Failure.BARRED) & _is(signs.final, Regime.VANISHING)
    return later & (signs.recurrent == recurrent)


def _growing_state(signs: Signs, _: Thresholds) -> np.ndarray:
    """Also without a measurement just before the end.

    The outputs of a bounded state are bounded by the readout's weights: where they left all bounds
    though no update came near the weights' size, the state did.
    """
    ran_away = (signs.loss_max > RUN_AWAY * signs.loss_scale) | ~np.isnan(signs.failure_step)
    by_itself = ran_away & (signs.update_ratio_max < OWN_SIZE)
    by_itself &= ~_is(signs.initial, Regime.EXPLODING)
    return signs.recurrent & _exploded(signs) & ((signs.state_growth > STATE_GROWTH) | by_itself)


def _growing_in_time(signs: Signs, thresholds: Thresholds) -> np.ndarray:
    return signs.recurrent & _growing(signs, thresholds)


def _growing_in_depth(signs: Signs, thresholds: Thresholds) -> np.ndarray:
    return ~signs.recurrent & _growing(signs, thresholds)


def _shrinking_in_time(signs: Signs, _: Thresholds) -> np.ndarray:
    return signs.recurrent & _shrinking(signs)


def _shrinking_in_depth(signs: Signs, _: Thresholds) -> np.ndarray:
    return ~signs.recurrent & _shrinking(signs)


def _from_start(regime: Regime) -> Holds:
    def holds(signs: Signs, _: Thresholds) -> np.ndarray:
        # A network that has come far and still learns is slow for want of steps.
        well = _is(signs.failure, Failure.NONE) & (signs.progress >= FAR_ENOUGH)
        return ~well & _is(signs.initial, regime) & _is(signs.start, *_BARRED)

    return holds


def _by_update(regime: Regime) -> Holds:
    def holds(signs: Signs, _: Thresholds) -> np.ndarray:
        failed = _is(signs.failure, Failure.UPDATES, Failure.BARRED)
        return failed & _is(signs.final, regime) & ~_is(signs.start, regime)

    return holds


def _says_state(trial: SimpleNamespace, _: Thresholds) -> str:
    if not trial.state_growth > STATE_GROWTH:
        return "the recurrent state adds up over the time steps, though no update was out of scale"
    return (
        "the recurrent state adds up: what its units receive at the last time step is "
        f"{figure(trial.state_growth)} times what they receive at the first"
    )


def _says_killed(trial: SimpleNamespace, _: Thresholds) -> str:
    step = f" (the first violent one at step {trial.violent_step:.0f})"
    return "an update killed units" + (step if np.isfinite(trial.violent_step) else "")


def _says_saturated(trial: SimpleNamespace, _: Thresholds) -> str:
    step = f" (the first violent one at step {trial.violent_step:.0f})"
    return "updates saturated units" + (step if np.isfinite(trial.violent_step) else "")


def says_shrinking_in_time(trial: SimpleNamespace, _: Thresholds) -> str:
    """Writes the clause of what shrinks through time, with its evidence if no layer has it."""
    text = Cause.SHRINKING_THROUGH_TIME.meaning
    if not np.isfinite(trial.time_ratio):
        return text
    return (
        f"{text}: at initialization the first one receives {figure(trial.time_ratio)} of what "
        "the last one does"
    )


def _meaning(cause: Cause) -> Callable[[SimpleNamespace, Thresholds], str]:
    """Returns what says the cause alone, where the sentence that follows has the evidence."""
    return lambda trial, thresholds: cause.meaning


OF_THE_WAY: tuple[Rule, ...] = (
    Rule(cause=Cause.GROWING_STATE, holds=_growing_state, says=_says_state),
    *(
        Rule(cause=cause, holds=holds, says=_meaning(cause))
        for cause, holds in (
            (Cause.GROWING_THROUGH_TIME, _growing_in_time),
            (Cause.GROWING_THROUGH_DEPTH, _growing_in_depth),
            (Cause.SHRINKING_THROUGH_TIME, _shrinking_in_time),
            (Cause.SHRINKING_THROUGH_DEPTH, _shrinking_in_depth),
            (Cause.DEAD_FROM_START, _from_start(Regime.DEAD)),
            (Cause.SATURATED_FROM_START, _from_start(Regime.SATURATED)),
        )
    ),
)

AT_LAST: tuple[Rule, ...] = (
    Rule(
        cause=Cause.SHRINKING_THROUGH_DEPTH,
        holds=lambda signs, _: _came_to_shrink(signs, recurrent=False),
        says=_meaning(Cause.SHRINKING_THROUGH_DEPTH),
    ),
    Rule(
        cause=Cause.SHRINKING_THROUGH_TIME,
        holds=lambda signs, _: _came_to_shrink(signs, recurrent=True),
        says=says_shrinking_in_time,
    ),
)
"""Of gradients that arrived at first and are gone at the end, where nothing else is to blame."""

BY_UPDATES: tuple[Rule, ...] = (
    Rule(cause=Cause.KILLED_BY_UPDATE, holds=_by_update(Regime.DEAD), says=_says_killed),
    Rule(
        cause=Cause.SATURATED_BY_UPDATE,
        holds=_by_update(Regime.SATURATED),
        says=_says_saturated,
    ),
)

"""Causes that lie in single steps: the first ones, too large, decayed, clipped, damped."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.of_pace import SHORT_PATH, is_stalled, limit_clause, path_of
from study.verdicts.causes.rule import Rule
from study.verdicts.causes.signs import Signs
from study.verdicts.causes.through_training import EARLY_STEP, LOST_RATE
from study.verdicts.explanation.numbers import figure, percent
from study.verdicts.regime import Regime
from study.verdicts.thresholds import Thresholds

SHRUNK = 0.6
"""Share of the first weights' norm below which decay has shrunk them."""

LOST_BY = 0.6
"""Share of the steps before which the learning rate must be lost to be what ended the learning."""

CUT = 0.05
"""Share of the gradient that clipping leaves at a typical step, below which it sets the pace."""

OVER_LIMIT = 1.2
"""The same, above which it is too large."""

NEAR_LIMIT = 0.5
"""The same, from which it speaks for steps that are too large. Curvature may grow after it was
measured, so that a rate far below says nothing against it."""

EARLY_RISE = 0.5
"""Rise of the loss over the first within a few steps that is damage done."""

COLLAPSE = 0.1
"""Share of R at initialization that is left where the first steps closed the gradients' way."""

AHEAD = 3.0
"""First update over a typical one from which it is the first ones that counted."""

NO_EPSILON = 1e-15
"""An epsilon that keeps no division by zero from happening in float32."""


def _cold_start(signs: Signs, thresholds: Thresholds) -> np.ndarray:
    unprepared = signs.adaptive & ~(signs.warmup_steps > 0)
    early = signs.violent_step <= EARLY_STEP
    early &= signs.early_loss - signs.loss_initial > EARLY_RISE * signs.loss_scale
    calm = signs.update_ratio_median < thresholds.violent_update / 2
    # An update of more than the parameters themselves is too large whenever it comes.
    blew = signs.broke & early & calm & (signs.first_update < 1)
    # Attention settles on one answer within a few steps, and its gradients die away from there.
    lost = signs.fruitless & ~(signs.progress >= thresholds.stalled_progress)
    lost &= signs.ratio_final < COLLAPSE * signs.ratio_initial
    lost &= signs.first_update > AHEAD * signs.update_ratio_median
    # Units that died let no gradient through either.
    lost &= signs.final.astype(object) != Regime.DEAD.value
    return unprepared & (blew | lost)


def _still(signs: Signs, _: Thresholds) -> np.ndarray:
    stands = np.array([parts is not None for parts in signs.still_parts], dtype=bool)
    return signs.fruitless & stands & (signs.still_share > 0)


def _weight_decay(signs: Signs, _: Thresholds) -> np.ndarray:
    shrunk = signs.weight_final < SHRUNK * signs.weight_initial
    # A penalty in the loss shrinks them too, and nothing else shrinks what learned nothing.
    return signs.fruitless & shrunk & ((signs.weight_decay > 0) | is_stalled(signs))


def _large_steps(signs: Signs, _: Thresholds) -> np.ndarray:
    return signs.broke | (signs.fruitless & (signs.edge_ratio > OVER_LIMIT))


def _decayed(signs: Signs, _: Thresholds) -> np.ndarray:
    return signs.fruitless & (signs.rate_lost < LOST_BY * signs.steps_run)


def _gradient_rms(signs: Signs | SimpleNamespace) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(signs.grad_norm_median / np.sqrt(signs.parameters))


def _epsilon(signs: Signs, _: Thresholds) -> np.ndarray:
    damps = signs.fruitless & (signs.epsilon > _gradient_rms(signs))
    # At the default it is never the one to blame: then the gradients are gone.
    damps &= signs.epsilon > 1e-7
    divided = (signs.failure_origin.astype(str) == "parameter") & (signs.epsilon < NO_EPSILON)
    return signs.adaptive & (damps | divided)


def _clipped_away(signs: Signs, _: Thresholds) -> np.ndarray:
    return signs.fruitless & (signs.clip_factor < CUT) & (path_of(signs) < SHORT_PATH)


def _says_large(trial: SimpleNamespace, _: Thresholds) -> str:
    if not np.isfinite(trial.violent_step):
        return f"steps are too large{limit_clause(trial, above=NEAR_LIMIT)}"
    return (
        f"steps are too large: the first violent one was step {trial.violent_step:.0f}, the "
        f"largest moved the parameters by {figure(trial.update_ratio_max)} of their "
        f"size{limit_clause(trial, above=NEAR_LIMIT)}"
    )


def _says_cold(trial: SimpleNamespace, _: Thresholds) -> str:
    return (
        f"the first steps, without warm-up, moved the parameters by {figure(trial.first_update)} "
        f"of their size, a typical one by {figure(trial.update_ratio_median)}"
    )


def _frozen(signs: Signs, _: Thresholds) -> np.ndarray:
    stands = np.array([parts is not None for parts in signs.still_parts], dtype=bool)
    return is_stalled(signs) & stands


def _says_still(trial: SimpleNamespace, _: Thresholds) -> str:
    if not trial.still_share > 0:
        return (
            f"parts of the network do not train, and what does is not enough: {trial.still_parts}"
        )
    return f"{percent(trial.still_share)} of the weights do not train: {trial.still_parts}"


def _says_decay(trial: SimpleNamespace, _: Thresholds) -> str:
    left = trial.weight_final / trial.weight_initial
    if not trial.weight_decay > 0:
        return (
            f"the weights have shrunk to {figure(left)} of their first size without a weight "
            "decay: a term of the loss, such as a penalty on weights, outweighs the data"
        )
    return (
        f"a weight decay of {figure(trial.weight_decay)} has shrunk the weights to {figure(left)} "
        "of their first size"
    )


def _says_decayed(trial: SimpleNamespace, _: Thresholds) -> str:
    return (
        f"the learning rate has decayed away: {figure(trial.rate_first)} at first, below "
        f"{percent(LOST_RATE)} of it from step {trial.rate_lost:.0f} on, "
        f"{figure(trial.rate_last)} at the end"
    )


def _says_epsilon(trial: SimpleNamespace, _: Thresholds) -> str:
    size = figure(float(_gradient_rms(trial)))
    return (
        f"an epsilon of {figure(trial.epsilon)} does not suit gradients of which a component "
        f"is typically {size}"
    )


def _says_clipped(trial: SimpleNamespace, _: Thresholds) -> str:
    return f"clipping leaves {figure(trial.clip_factor)} of the gradient at a typical step"


OF_THE_STILL: tuple[Rule, ...] = (Rule(cause=Cause.STILL_PART, holds=_still, says=_says_still),)

BY_DECAY: tuple[Rule, ...] = (
    Rule(cause=Cause.COLD_START, holds=_cold_start, says=_says_cold),
    Rule(cause=Cause.WEIGHT_DECAY, holds=_weight_decay, says=_says_decay),
)

BY_SIZE: tuple[Rule, ...] = (
    Rule(cause=Cause.EPSILON, holds=_epsilon, says=_says_epsilon),
    Rule(cause=Cause.LARGE_STEPS, holds=_large_steps, says=_says_large),
    Rule(cause=Cause.DECAYED_RATE, holds=_decayed, says=_says_decayed),
    Rule(cause=Cause.CLIPPED_AWAY, holds=_clipped_away, says=_says_clipped),
)

OF_THE_FROZEN: tuple[Rule, ...] = (Rule(cause=Cause.STILL_PART, holds=_frozen, says=_says_still),)
"""Frozen parts are meant, as a rule: where nothing was learned and nothing else is to blame."""

"""Causes that lie in the pace: steps too small, batches too noisy, steps too few."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.rule import Rule
from study.verdicts.causes.signs import Signs
from study.verdicts.explanation.numbers import figure
from study.verdicts.outcome import Outcome
from study.verdicts.thresholds import Thresholds

SHORT_PATH = 0.5
"""Sum of all updates over the parameters' size below which they hardly moved."""

FAR_BELOW_LIMIT = 0.02
"""Learning rate over its limit by the measured curvature, below which it is far too small."""

NOISY_BATCH = 8
"""Examples of a batch up to which its noise may hide the way down."""


def is_stalled(signs: Signs) -> np.ndarray:
    """Returns whether the metric got nowhere from chance, (trials,)."""
    return signs.outcome.astype(object) == Outcome.STALLED.value


def path_of(signs: Signs | SimpleNamespace) -> np.ndarray:
    """Returns the length of all steps joined end to end, over the parameters' size, (trials,)."""
    return np.asarray(signs.update_ratio_median * signs.steps_run)


def limit_clause(trial: SimpleNamespace, *, above: float = 0.0) -> str:
    """Writes how near the learning rate is to its limit by the curvature, from a share on."""
    if not trial.edge_ratio >= above:
        return ""
    return f"; the learning rate is {figure(trial.edge_ratio)} of its limit by the curvature"


def _small_steps(signs: Signs, _: Thresholds) -> np.ndarray:
    far = signs.edge_ratio < FAR_BELOW_LIMIT
    unknown = np.isnan(signs.edge_ratio)
    crept = (path_of(signs) < SHORT_PATH) & (far | unknown)
    return signs.fruitless & ((crept & ~signs.learning) | _is_warming_up(signs))


def _is_warming_up(signs: Signs | SimpleNamespace) -> np.ndarray:
    """Whether the learning rate was still rising when the steps ended."""
    return np.asarray(signs.warmup_steps >= signs.steps_run)


def _batch_noise(signs: Signs, _: Thresholds) -> np.ndarray:
    return signs.fruitless & (signs.batch_size <= NOISY_BATCH) & ~signs.learning


def _short(signs: Signs, _: Thresholds) -> np.ndarray:
    # Of an older gradscape's tables it may be unknown whether the loss still fell.
    unknown = np.isnan(signs.fall) & ~is_stalled(signs)
    return signs.fruitless & (signs.learning | unknown)


def _levelled_off(signs: Signs, _: Thresholds) -> np.ndarray:
    return signs.fruitless & ~is_stalled(signs)


def _says_small(trial: SimpleNamespace, _: Thresholds) -> str:
    if _is_warming_up(trial):
        return (
            f"steps are too small: a warm-up of {trial.warmup_steps:.0f} steps outlasts the "
            f"{trial.steps_run:.0f} of the training, whose learning rate ends at "
            f"{figure(trial.rate_last)}"
        )
    return (
        f"steps are too small: {trial.steps_run:.0f} of them, joined end to end, make "
        f"{figure(float(path_of(trial)))} of the parameters' size{limit_clause(trial)}"
    )


def _says_noise(trial: SimpleNamespace, _: Thresholds) -> str:
    noun = "example" if trial.batch_size == 1 else "examples"
    return (
        f"batches of {trial.batch_size:.0f} {noun} are mostly noise, and the loss has ceased to "
        "fall"
    )


def _says_short(trial: SimpleNamespace, _: Thresholds) -> str:
    if not trial.learning:
        return "it learned, and its steps ended short of the target"
    return (
        f"it was still learning when its steps ended: in their second half the loss fell from "
        f"{figure(trial.loss_final + trial.fall)} to {figure(trial.loss_final)}"
    )


def _says_level(trial: SimpleNamespace, _: Thresholds) -> str:
    return (
        f"it learned, and then its loss fell no more: {figure(trial.loss_final + trial.fall)} "
        f"halfway, {figure(trial.loss_final)} at the end"
    )


BY_LENGTH: tuple[Rule, ...] = (
    Rule(cause=Cause.SMALL_STEPS, holds=_small_steps, says=_says_small),
)

BY_NUMBER: tuple[Rule, ...] = (
    Rule(cause=Cause.BATCH_NOISE, holds=_batch_noise, says=_says_noise),
    Rule(cause=Cause.SHORT_TRAINING, holds=_short, says=_says_short),
    Rule(cause=Cause.LEVELLED_OFF, holds=_levelled_off, says=_says_level),
)

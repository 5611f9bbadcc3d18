"""Causes that lie in what is asked of the network: data, loss, targets."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.rule import Rule
from study.verdicts.causes.signs import Signs
from study.verdicts.explanation.numbers import figure, percent
from study.verdicts.failure import FAR
from study.verdicts.outcome import Outcome
from study.verdicts.thresholds import Thresholds

ORDINARY_LOSS = 100.0
"""A loss of this many times the first came from outputs that had run away before it: that the loss
function then overflowed is no fault of its own."""

ORDINARY_OUTPUT = 1e6
"""An output of this size had run away itself, though it is finite: no loss asks for one."""

UNBOUNDED = 10.0
"""A loss as far below zero as so many times an ordinary one has no bottom."""

TINY = 1 / 30
"""Root mean square of inputs below which they are too small; one-hot codes are not."""

TINY_TARGETS = 0.01
"""The same of targets, which shares and one-hot vectors keep well above."""

BEYOND_SHARES = 1.05
"""Root mean square of targets above which they are neither shares nor standardized."""

MAJORITY = 0.7
"""Share of one answer from which it drowns the others."""

LITTLE = 0.25
"""Share of the way from chance to the ceiling up to which the rare answers are not given: beside a
frequent one that way is short, and little more than noise."""


SATISFIED = 0.5
"""Share of the loss of a network that knows nothing, from which on a loss is well satisfied: a
metric at chance beside it counts something else."""

BETTER = 0.1
"""The same where the metric ended this far below chance, as nothing that learns does:"""

WORSE = -0.25
"""Way of the metric, from chance away from the ceiling."""


def _data(signs: Signs, _: Thresholds) -> np.ndarray:
    return np.isin(signs.failure_origin.astype(str), ("inputs", "targets"))


def _loss_function(signs: Signs, _: Thresholds) -> np.ndarray:
    made = np.isin(signs.failure_origin.astype(str), ("loss", "loss_gradient"))
    with np.errstate(invalid="ignore"):
        return made & ~ran_away(signs) & ~(signs.failure_output > ORDINARY_OUTPUT)


def ran_away(signs: Signs) -> np.ndarray:
    """Returns whether the loss had left all bounds before something was not finite, (trials,)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(signs.loss_max > ORDINARY_LOSS * signs.loss_scale)


def _unbounded(signs: Signs, _: Thresholds) -> np.ndarray:
    ordinary = np.fmax(np.fmax(np.abs(signs.loss_initial), np.abs(signs.loss_chance)), 1.0)
    return signs.loss_best < -UNBOUNDED * ordinary


def _input_scale(signs: Signs, _: Thresholds) -> np.ndarray:
    return (signs.input_rms > FAR) | (signs.input_rms < TINY)


def _target_scale(signs: Signs, _: Thresholds) -> np.ndarray:
    return (signs.target_rms > FAR) | (signs.target_rms < TINY_TARGETS)


def _bounded(signs: Signs, _: Thresholds) -> np.ndarray:
    return np.array([bound is not None for bound in signs.output_bound], dtype=bool)


def _other_goal(signs: Signs, _: Thresholds) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        gone, whole = signs.loss_chance - signs.loss_final, np.abs(signs.loss_chance)
        stalled = signs.outcome.astype(object) == Outcome.STALLED.value
        worse = (gone >= BETTER * whole) & (signs.progress <= WORSE)
        measured = np.isfinite(signs.progress)  # A loop that is watched may have no metric.
        return stalled & measured & (whole > 0) & ((gone >= SATISFIED * whole) | worse)


def _flat(signs: Signs, _: Thresholds) -> np.ndarray:
    """Behind dead or saturated hidden units the last layer's bias still has a gradient.

    Where a violent update has led outputs to such a place, the update is to blame.
    """
    return signs.fruitless & (signs.grad_norm_median == 0) & np.isnan(signs.violent_step)


def _majority(signs: Signs, _: Thresholds) -> np.ndarray:
    # Within the noise of its batches a metric may seem to have come further than it has.
    stalled = signs.outcome.astype(object) == Outcome.STALLED.value
    little = stalled | ~(signs.progress >= LITTLE)
    return (signs.majority_share >= MAJORITY) & signs.fruitless & little


def _says_scale(what: str, rms: float) -> str:
    return f"the {what} have a root mean square of {figure(rms)}, where networks start from 1"


def _says_input_scale(trial: SimpleNamespace, _: Thresholds) -> str:
    text = _says_scale("inputs", trial.input_rms)
    both = trial.target_rms > FAR
    return f"{text}, and the targets one of {figure(trial.target_rms)}" if both else text


def _says_unbounded(trial: SimpleNamespace, _: Thresholds) -> str:
    below = figure(trial.loss_best)
    text = f"the loss has no lower bound: it fell to {below} from {figure(trial.loss_initial)}"
    if not trial.target_rms > BEYOND_SHARES:
        return text
    return (
        f"{text}. A binary cross-entropy has none where targets lie beyond 0 and 1, and these "
        f"have a root mean square of {figure(trial.target_rms)}"
    )


def _says_other_goal(trial: SimpleNamespace, _: Thresholds) -> str:
    return (
        f"the loss fell to {figure(trial.loss_final)}, below the {figure(trial.loss_chance)} of "
        "the best constant answer, and the metric got nowhere: what satisfies this loss is not "
        "what the metric counts. Look for a term of the loss that outweighs the others, a wrong "
        "sign or weight, probabilities where log-probabilities are expected, or labels that loss "
        "and metric count from different numbers"
    )


def _says_majority(trial: SimpleNamespace, _: Thresholds) -> str:
    return (
        f"one answer is right for {percent(trial.majority_share)} of the examples, and always "
        "giving it satisfies the loss"
    )


OF_THE_LOSS: tuple[Rule, ...] = (
    Rule(
        cause=Cause.DATA,
        holds=_data,
        says=lambda trial, _: f"the {trial.failure_origin} are not finite",
    ),
    Rule(
        cause=Cause.LOSS_FUNCTION,
        holds=_loss_function,
        # Which function, and for which examples, says the sentence that follows.
        says=lambda trial, _: "the loss function is to blame",
    ),
    Rule(cause=Cause.UNBOUNDED_LOSS, holds=_unbounded, says=_says_unbounded),
)

OF_THE_SCALE: tuple[Rule, ...] = (
    Rule(cause=Cause.INPUT_SCALE, holds=_input_scale, says=_says_input_scale),
    Rule(
        cause=Cause.TARGET_SCALE,
        holds=_target_scale,
        says=lambda trial, _: _says_scale("targets", trial.target_rms),
    ),
    Rule(
        cause=Cause.BOUNDED_OUTPUTS,
        holds=_bounded,
        says=lambda trial, _: str(trial.output_bound),
    ),
)

OF_THE_GOAL: tuple[Rule, ...] = (
    Rule(cause=Cause.OTHER_GOAL, holds=_other_goal, says=_says_other_goal),
)

OF_THE_FLAT: tuple[Rule, ...] = (
    Rule(
        cause=Cause.FLAT_LOSS,
        holds=_flat,
        says=lambda trial, _: (
            "in half of the steps or more the gradient was exactly zero in every layer, the last "
            "one too: where the outputs are, the loss does not change with them, as behind a "
            "clamp, a saturated sigmoid or softmax, or in a loss of what has to overlap before "
            "it counts"
        ),
    ),
)

OF_THE_ANSWERS: tuple[Rule, ...] = (
    Rule(cause=Cause.MAJORITY_ANSWER, holds=_majority, says=_says_majority),
)

"""All rules of causes, in the order in which the first that holds is named."""

from __future__ import annotations

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.of_gradients import AT_LAST, BY_UPDATES, OF_THE_WAY
from study.verdicts.causes.of_pace import BY_LENGTH, BY_NUMBER
from study.verdicts.causes.of_steps import BY_DECAY, BY_SIZE, OF_THE_FROZEN, OF_THE_STILL
from study.verdicts.causes.of_task import (
    OF_THE_ANSWERS,
    OF_THE_FLAT,
    OF_THE_GOAL,
    OF_THE_LOSS,
    OF_THE_SCALE,
)
from study.verdicts.causes.of_wiring import (
    OF_THE_BATCH,
    OF_THE_NETWORK,
    OF_THE_REST,
    OF_THE_UNITS,
)
from study.verdicts.causes.rule import Rule
from study.verdicts.causes.signs import Signs
from study.verdicts.outcome import Outcome
from study.verdicts.thresholds import Thresholds

RULES: tuple[Rule, ...] = (
    *OF_THE_LOSS,
    *OF_THE_NETWORK,
    *OF_THE_BATCH,
    *OF_THE_SCALE,
    *OF_THE_GOAL,
    *OF_THE_STILL,
    *OF_THE_UNITS,
    *OF_THE_FLAT,
    *OF_THE_WAY,
    *BY_DECAY,
    *BY_UPDATES,
    *BY_SIZE,
    *OF_THE_ANSWERS,
    *BY_LENGTH,
    *OF_THE_REST,
    *AT_LAST,
    *BY_NUMBER,
    *OF_THE_FROZEN,
)
"""What was there before training comes first, then what an update did, then the pace of training:
what is upstream explains what is downstream of it."""

# Of a cause with two rules the later one says the evidence of both.
_RULE_OF = {rule.cause.value: rule for rule in RULES}


def causes(signs: Signs, thresholds: Thresholds) -> np.ndarray:
    """Names the cause of each trial's failure, as the strings of `Cause`, (trials,).

    Args:
        signs: Of the trials.
        thresholds: Where one label ends and the next begins.
    """
    failed = signs.outcome.astype(object) != Outcome.TRAINED.value
    with np.errstate(invalid="ignore"):
        holds = [failed & rule.holds(signs, thresholds) for rule in RULES]
    found = np.select(holds, [rule.cause.value for rule in RULES], default=Cause.UNKNOWN.value)
    return np.where(failed, found, Cause.NONE.value).astype(object)


def cause_clauses(signs: Signs, cause: np.ndarray, thresholds: Thresholds) -> list[str]:
    """Writes the clause of each trial's cause, with its evidence; "" where there is none to name.

    Args:
        signs: Of the trials.
        cause: Strings of `Cause`, (trials,).
        thresholds: Those that the causes were found with.
    """
    clauses = []
    for trial, name in enumerate(cause):
        rule = _RULE_OF.get(name)
        clauses.append("" if rule is None else rule.says(signs.of(trial), thresholds))
    return clauses

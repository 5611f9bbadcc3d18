"""How a sentence tells of a value that was not finite: what was first, when, and after what."""

from __future__ import annotations

import math

from study.first_failure import clause
from study.verdicts.explanation.evidence import Evidence
from study.verdicts.explanation.numbers import figure
from study.verdicts.thresholds import Thresholds

RISE = 10.0
"""Factor by which gradient norms must have risen to be told as what came before."""


def nonfinite(facts: Evidence, _: Thresholds) -> str:
    """Writes the clause, without a full stop; of tables that do not know what was first, less."""
    if not math.isfinite(facts.failure_step):
        return f"the final loss is not finite ({figure(facts.loss_final)})"
    step = int(facts.failure_step)
    if facts.failure_origin is None:
        what = _tensor(facts.failure_tensor)
        if step == 0 and not what.startswith("the parameter"):
            return f"{what} was not finite at step 0, before any update"
        return f"{what} became non-finite at step {step}{_before(facts)}"
    start = step == 0 and facts.failure_origin != "parameter"
    when = "at step 0, before any update," if start else f"at step {step}"
    first = clause(facts.failure_origin, facts.failure_detail or "not known")
    return f"{when} {first}{_before(facts)}"


def _before(facts: Evidence) -> str:
    """Returns what had risen before, if anything had."""
    if facts.rise_step < facts.failure_step:
        return f", after a loss above twice the first from step {facts.rise_step:.0f} on"
    first, highest = facts.grad_norm_initial, facts.grad_norm_max
    if math.isfinite(highest) and highest > RISE * first:
        return f", after the gradient norm rose from {figure(first)} to {figure(highest)}"
    return ""


def _tensor(stored: str | None) -> str:
    if stored is None:
        return "a value"
    if stored == "gradient:norm":
        return "the gradient norm"
    kind, separator, name = stored.partition(":")
    of = " of " if kind == "gradient" else " "
    return f"the {kind}{of}{name}" if separator else f"the {kind}"

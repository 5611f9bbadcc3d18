"""One sentence a trial: what happened, where, and against which threshold."""

from __future__ import annotations

import math
from collections.abc import Callable

from study.verdicts.cause import Cause
from study.verdicts.explanation.evidence import Evidence
from study.verdicts.explanation.numbers import figure, percent
from study.verdicts.explanation.regime_clause import regime_clause
from study.verdicts.outcome import Outcome
from study.verdicts.regime import Regime
from study.verdicts.thresholds import Thresholds

Clause = Callable[[Evidence, Thresholds], str]


def explain(seen: Evidence, thresholds: Thresholds) -> str:
    """The sentence about one trial; figures have two significant digits.

    Args:
        seen: Its evidence.
        thresholds: Those that its labels were made with.
    """
    ending = _ENDINGS[seen.outcome](seen, thresholds)
    regime = regime_clause(seen, thresholds)
    if seen.cause == Cause.UPDATES:
        return f"{_violent(seen, thresholds)}, {regime}, and {ending}."
    if seen.outcome == Outcome.TRAINED:
        return f"{ending}, though {regime}." if _unhealthy(seen) else f"{ending}."
    if seen.outcome in (Outcome.STALLED, Outcome.SLOW):
        if _unhealthy(seen):
            return f"{regime}, and {ending}."
        if seen.regime is None:
            return f"{ending}; {regime}{_step_size(seen)}."
        return f"{ending}, though {regime}{_step_size(seen)}."
    return f"{ending}; {regime}." if _unhealthy(seen) else f"{ending}."


def _unhealthy(seen: Evidence) -> bool:
    return seen.regime not in (None, Regime.HEALTHY)


def _violent(seen: Evidence, thresholds: Thresholds) -> str:
    moved = figure(seen.update_ratio_max)
    limit = f"violent above {figure(thresholds.violent_update)}"
    return f"an update moved the parameters by {moved} of their size ({limit})"


def _step_size(seen: Evidence) -> str:
    if not math.isfinite(seen.update_ratio_median):
        return ""
    return f"; an update moves the parameters by {figure(seen.update_ratio_median)} of their size"


def _nonfinite(seen: Evidence, _: Thresholds) -> str:
    if not math.isfinite(seen.failure_step):
        return f"the final loss is not finite ({figure(seen.loss_final)})"
    what = _tensor(seen.failure_tensor)
    step = int(seen.failure_step)
    if step == 0 and not what.startswith("the parameter"):
        return f"{what} was not finite at step 0, before any update"
    first, highest = seen.grad_norm_initial, seen.grad_norm_max
    became = f"{what} became non-finite at step {step}"
    if not (math.isfinite(first) and math.isfinite(highest)):
        return became
    if highest > first:
        return f"{became}, after the gradient norm rose from {figure(first)} to {figure(highest)}"
    return f"{became}, though the gradient norm never rose above its first, {figure(first)}"


def _tensor(stored: str | None) -> str:
    if stored is None:
        return "a value"
    if stored == "gradient:norm":
        return "the gradient norm"
    kind, separator, name = stored.partition(":")
    of = " of " if kind == "gradient" else " "
    return f"the {kind}{of}{name}" if separator else f"the {kind}"


def _diverged(seen: Evidence, thresholds: Thresholds) -> str:
    first = figure(seen.loss_initial)
    if seen.stopped:
        return (
            f"the loss rose from {first} to {figure(seen.loss_max)} within {seen.steps_run:.0f}"
            f" steps, more than {figure(thresholds.divergence_factor)} times the first"
        )
    return (
        f"the loss rose from {first} to {figure(seen.loss_final)} in {seen.steps_run:.0f} steps"
        f" (diverged above {figure(seen.loss_initial + _rise(seen, thresholds))})"
    )


def _rise(seen: Evidence, thresholds: Thresholds) -> float:
    return thresholds.divergence_rise * seen.loss_scale


def _oscillating(seen: Evidence, _: Thresholds) -> str:
    if not seen.loss_swing > seen.swing_limit:
        return (
            f"{seen.metric} fell back from {figure(seen.metric_best)} to"
            f" {figure(seen.metric_final)}, short of the target {figure(seen.metric_target)}"
        )
    swing, limit = figure(seen.loss_swing), figure(seen.swing_limit)
    return (
        f"the loss still swings by {swing} from step to step at the end (violent above {limit}),"
        f" with {seen.metric} {figure(seen.metric_final)} short of the target"
        f" {figure(seen.metric_target)}"
    )


def _stalled(seen: Evidence, thresholds: Thresholds) -> str:
    chance = figure(seen.metric_chance)
    share = percent(thresholds.stalled_progress)
    limit = f"stalled below {share} of the way to {figure(seen.metric_ceiling)}"
    final = f"{seen.metric} {figure(seen.metric_final)}"
    if not math.isfinite(seen.progress):
        return f"{seen.metric} never left chance ({final}, chance {chance})"
    if seen.progress < -thresholds.stalled_progress:
        return f"{seen.metric} ended worse than chance ({final}, chance {chance})"
    return f"{seen.metric} never left chance ({final}, chance {chance}; {limit})"


def _slow(seen: Evidence, _: Thresholds) -> str:
    chance, final = figure(seen.metric_chance), figure(seen.metric_final)
    return (
        f"{seen.metric} got from chance ({chance}) to {final} in {seen.steps_run:.0f} steps,"
        f" short of the target {figure(seen.metric_target)}"
    )


def _trained(seen: Evidence, _: Thresholds) -> str:
    return (
        f"trained to {seen.metric} {figure(seen.metric_final)} (target"
        f" {figure(seen.metric_target)}, chance {figure(seen.metric_chance)})"
    )


_ENDINGS: dict[str, Clause] = {
    Outcome.NONFINITE: _nonfinite,
    Outcome.DIVERGED: _diverged,
    Outcome.OSCILLATING: _oscillating,
    Outcome.STALLED: _stalled,
    Outcome.SLOW: _slow,
    Outcome.TRAINED: _trained,
}

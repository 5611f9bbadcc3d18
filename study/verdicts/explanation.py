"""One sentence a trial: what happened, where, and against which threshold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from study.verdicts.cause import Cause
from study.verdicts.evidence import Evidence
from study.verdicts.figures import figure, percent
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
    regime = _REGIMES[seen.regime](seen, thresholds)
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


def _when(step: int) -> str:
    return "at initialization" if step == 0 else f"at step {step}"


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


@dataclass(frozen=True, kw_only=True)
class _Path:
    """The gradient's way in words: where it ends, where it begins, and what it passes."""

    end: str
    beginning: str
    hop: str
    hops: int


def _path(seen: Evidence) -> _Path:
    if seen.calls > 1:
        end = f"the first of {seen.calls} time steps"
        return _Path(end=end, beginning="the last", hop="time step", hops=seen.calls - 1)
    first, last = seen.layers or (0, 0)
    return _Path(
        end=f"layer {first}", beginning=f"layer {last}", hop="layer", hops=max(last - first, 1)
    )


def _vanishing(seen: Evidence, thresholds: Thresholds) -> str:
    path = _path(seen)
    limit = f"vanishing below {figure(thresholds.vanishing_ratio)}"
    if seen.ratio == 0:
        return f"{_when(seen.ratio_step)} no gradient at all reaches {path.end} ({limit})"
    return (
        f"{_when(seen.ratio_step)} gradients shrink to {figure(seen.ratio ** (1 / path.hops))} of"
        f" their size at every {path.hop} on average, {path.end} receives {figure(seen.ratio)} of"
        f" what {path.beginning} does ({limit})"
    )


def _exploding(seen: Evidence, thresholds: Thresholds) -> str:
    path = _path(seen)
    limit = f"exploding above {figure(thresholds.exploding_ratio)}"
    if math.isnan(seen.ratio):
        return f"{_when(seen.units_step)} the gradients of the hidden layers are not finite"
    return (
        f"{_when(seen.ratio_step)} gradients grow by a factor of"
        f" {figure(seen.ratio ** (1 / path.hops))} at every {path.hop} on average, {path.end}"
        f" receives {figure(seen.ratio)} times what {path.beginning} does ({limit})"
    )


def _dead(seen: Evidence, thresholds: Thresholds) -> str:
    if math.isinf(seen.ratio):
        path = _path(seen)
        return f"{_when(seen.ratio_step)} {path.beginning} receives no gradient at all: it is dead"
    return (
        f"{_when(seen.units_step)}, {percent(seen.dead)} of layer {seen.dead_layer}'s units are"
        f" zero on the whole batch (dead from {percent(thresholds.dead_share)})"
        f"{_consequence(seen, thresholds)}"
    )


def _saturated(seen: Evidence, thresholds: Thresholds) -> str:
    return (
        f"{_when(seen.units_step)}, {percent(seen.saturated)} of layer {seen.saturated_layer}'s"
        f" activations are saturated (limit {percent(thresholds.saturated_share)})"
        f"{_consequence(seen, thresholds)}"
    )


def _consequence(seen: Evidence, thresholds: Thresholds) -> str:
    """What dead or saturated units did to the gradients, where it is grave."""
    if not seen.ratio < thresholds.vanishing_ratio:
        return ""
    path = _path(seen)
    received = f"{figure(seen.ratio)} of what {path.beginning} does"
    return f" and {path.end} receives {received if seen.ratio else 'no gradient'}"


def _healthy(seen: Evidence, _: Thresholds) -> str:
    if seen.layers is None:
        return "there is no hidden layer in which gradients could vanish"
    first, last = seen.layers
    if first == last and seen.calls == 1:
        return "gradients pass a single hidden layer"
    path = _path(seen)
    received = f"{figure(seen.ratio)} of {path.beginning}'s"
    return f"gradients are healthy ({path.end} receives {received})"


def _unmeasured(seen: Evidence, _: Thresholds) -> str:
    return "gradients were not measured by layer"


_REGIMES: dict[str | None, Clause] = {
    None: _unmeasured,
    Regime.EXPLODING: _exploding,
    Regime.DEAD: _dead,
    Regime.SATURATED: _saturated,
    Regime.VANISHING: _vanishing,
    Regime.HEALTHY: _healthy,
}

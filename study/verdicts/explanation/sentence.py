"""One sentence a trial: what happened, where, and against which threshold."""

from __future__ import annotations

import math
from collections.abc import Callable

from study.first_failure import clause
from study.verdicts.explanation.evidence import Evidence
from study.verdicts.explanation.nonfinite import nonfinite
from study.verdicts.explanation.numbers import figure, percent
from study.verdicts.explanation.regime_clause import regime_clause
from study.verdicts.failure import Failure
from study.verdicts.outcome import Outcome
from study.verdicts.regime import Regime
from study.verdicts.thresholds import Thresholds

Clause = Callable[[Evidence, Thresholds], str]


def explain(facts: Evidence, thresholds: Thresholds, *, because: str = "") -> str:
    """Writes the sentence about one trial; figures have two significant digits.

    Args:
        facts: The evidence of this trial.
        thresholds: Those that its labels were made with.
        because: The clause of its cause, which comes first.
    """
    sentence = _happened(facts, thresholds)
    if not because:
        return sentence
    if facts.outcome == Outcome.NONFINITE and facts.failure_origin is not None:
        return f"{because}: {sentence}"
    # A name like mIoU, of a person's own metric, stays as it is.
    first = sentence.split(" ", 1)[0]
    return f"{because}. {sentence[:1].upper() + sentence[1:] if first.islower() else sentence}"


def _happened(facts: Evidence, thresholds: Thresholds) -> str:
    ending = _ENDINGS[facts.outcome](facts, thresholds)
    regime = regime_clause(facts, thresholds)
    if facts.failure == Failure.UPDATES:
        return f"{_violent(facts, thresholds)}, {regime}, and {ending}."
    if facts.outcome == Outcome.TRAINED:
        return f"{ending}, though {regime}." if _unhealthy(facts) else f"{ending}."
    if facts.outcome in (Outcome.STALLED, Outcome.SLOW):
        if _unhealthy(facts):
            return f"{regime}, and {ending}."
        if facts.regime is None:
            return f"{ending}; {regime}{_step_size(facts)}."
        return f"{ending}, though {regime}{_step_size(facts)}."
    # What does not arrive cannot have blown anything up.
    agrees = facts.regime != Regime.VANISHING
    return f"{ending}; {regime}." if _unhealthy(facts) and agrees else f"{ending}."


def _unhealthy(facts: Evidence) -> bool:
    return facts.regime not in (None, Regime.HEALTHY)


def _violent(facts: Evidence, thresholds: Thresholds) -> str:
    moved = figure(facts.update_ratio_max)
    limit = f"violent above {figure(thresholds.violent_update)}"
    return f"an update moved the parameters by {moved} of their size ({limit})"


def _step_size(facts: Evidence) -> str:
    if not math.isfinite(facts.update_ratio_median):
        return ""
    return f"; an update moves the parameters by {figure(facts.update_ratio_median)} of their size"


def _diverged(facts: Evidence, thresholds: Thresholds) -> str:
    first = figure(facts.loss_initial)
    if facts.stopped:
        return (
            f"the loss rose from {first} to {figure(facts.loss_max)} within {facts.steps_run:.0f}"
            f" steps, more than {figure(thresholds.divergence_factor)} times the first"
            f"{_since(facts)}"
        )
    return (
        f"the loss rose from {first} to {figure(facts.loss_final)} in {facts.steps_run:.0f} steps"
        f" (diverged above {figure(facts.loss_initial + _rise(facts, thresholds))}){_since(facts)}"
    )


def _since(facts: Evidence) -> str:
    """Returns when the rise began, and what ran away, where it is known."""
    since = ""
    if math.isfinite(facts.rise_step):
        since = f", and was above twice the first from step {facts.rise_step:.0f} on"
    if facts.failure_origin is None:
        return since
    return f"{since}; {clause(facts.failure_origin, facts.failure_detail or 'not known')}"


def _rise(facts: Evidence, thresholds: Thresholds) -> float:
    return thresholds.divergence_rise * facts.loss_scale


def _oscillating(facts: Evidence, _: Thresholds) -> str:
    if not facts.loss_swing > facts.swing_limit:
        return (
            f"{facts.metric} fell back from {figure(facts.metric_best)} to"
            f" {figure(facts.metric_final)}, short of the target {figure(facts.metric_target)}"
        )
    swing, limit = figure(facts.loss_swing), figure(facts.swing_limit)
    return (
        f"the loss still swings by {swing} from step to step at the end (violent above {limit}),"
        f" with {facts.metric} {figure(facts.metric_final)} short of the target"
        f" {figure(facts.metric_target)}"
    )


def _stalled(facts: Evidence, thresholds: Thresholds) -> str:
    if math.isnan(facts.metric_target):
        return "gradients and updates alone tell, as the loss says nothing of success"
    chance = figure(facts.metric_chance)
    share = percent(thresholds.stalled_progress)
    limit = f"stalled below {share} of the way to {figure(facts.metric_ceiling)}"
    by_chance = abs(facts.metric_final - facts.metric_chance) <= facts.metric_noise
    if by_chance and abs(facts.progress) >= thresholds.stalled_progress:
        limit = f"batches of its size are off by up to {figure(facts.metric_noise)} by chance"
    final = f"{facts.metric} {figure(facts.metric_final)}"
    if not math.isfinite(facts.progress):
        return f"{facts.metric} never left chance ({final}, chance {chance})"
    if facts.progress < -thresholds.stalled_progress and not by_chance:
        return f"{facts.metric} ended worse than chance ({final}, chance {chance})"
    return f"{facts.metric} never left chance ({final}, chance {chance}; {limit})"


def _slow(facts: Evidence, _: Thresholds) -> str:
    chance, final = figure(facts.metric_chance), figure(facts.metric_final)
    return (
        f"{facts.metric} got from chance ({chance}) to {final} in {facts.steps_run:.0f} steps,"
        f" short of the target {figure(facts.metric_target)}"
    )


def _trained(facts: Evidence, _: Thresholds) -> str:
    if math.isnan(facts.metric_target):
        return (
            f"nothing is wrong with gradients and updates in {facts.steps_run:.0f} steps, of "
            "which an update moves the parameters by "
            f"{figure(facts.update_ratio_median)} of their size; the loss says nothing of success"
        )
    return (
        f"trained to {facts.metric} {figure(facts.metric_final)} (target"
        f" {figure(facts.metric_target)}, chance {figure(facts.metric_chance)})"
    )


_ENDINGS: dict[str, Clause] = {
    Outcome.NONFINITE: nonfinite,
    Outcome.DIVERGED: _diverged,
    Outcome.OSCILLATING: _oscillating,
    Outcome.STALLED: _stalled,
    Outcome.SLOW: _slow,
    Outcome.TRAINED: _trained,
}

"""What a sentence says of a trial's gradients, and of what theory expected of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from study.verdicts.explanation.evidence import Evidence
from study.verdicts.explanation.numbers import figure, percent
from study.verdicts.regime import Regime
from study.verdicts.thresholds import Thresholds

Clause = Callable[[Evidence, Thresholds], str]


def regime_clause(facts: Evidence, thresholds: Thresholds) -> str:
    """Writes the clause about the trial's gradient regime, without a full stop.

    Where it is about initialization it names what theory expects there, and says so where theory
    expected another regime.
    """
    return REGIMES[facts.regime](facts, thresholds) + _disagreement(facts)


def _when(step: int) -> str:
    return "at initialization" if step == 0 else f"at step {step}"


@dataclass(frozen=True, kw_only=True)
class _Path:
    """The gradient's way in words: where it ends, where it begins, and what it passes."""

    end: str
    beginning: str
    hop: str
    hops: int


def _path(facts: Evidence) -> _Path:
    if facts.calls > 1:
        end = f"the first of {facts.calls} time steps"
        return _Path(end=end, beginning="the last", hop="time step", hops=facts.calls - 1)
    first, last = facts.layers or (0, 0)
    return _Path(
        end=f"layer {first}", beginning=f"layer {last}", hop="layer", hops=max(last - first, 1)
    )


def _vanishing(facts: Evidence, thresholds: Thresholds) -> str:
    path = _path(facts)
    limit = f"vanishing below {figure(thresholds.vanishing_ratio)}"
    if facts.ratio == 0:
        return f"{_when(facts.ratio_step)} no gradient at all reaches {path.end} ({limit})"
    return (
        f"{_when(facts.ratio_step)} gradients shrink to {figure(facts.ratio ** (1 / path.hops))}"
        f" of their size at every {path.hop} on average{_theory_of_hop(facts, path)}, {path.end}"
        f" receives {figure(facts.ratio)} of what {path.beginning} does ({limit})"
    )


def _exploding(facts: Evidence, thresholds: Thresholds) -> str:
    path = _path(facts)
    limit = f"exploding above {figure(thresholds.exploding_ratio)}"
    if math.isnan(facts.ratio):
        return f"{_when(facts.units_step)} the gradients of the hidden layers are not finite"
    return (
        f"{_when(facts.ratio_step)} gradients grow by a factor of"
        f" {figure(facts.ratio ** (1 / path.hops))} at every {path.hop} on"
        f" average{_theory_of_hop(facts, path)}, {path.end} receives {figure(facts.ratio)} times"
        f" what {path.beginning} does ({limit})"
    )


def _dead(facts: Evidence, thresholds: Thresholds) -> str:
    if math.isinf(facts.ratio):
        path = _path(facts)
        return (
            f"{_when(facts.ratio_step)} {path.beginning} receives no gradient at all: it is dead"
        )
    return (
        f"{_when(facts.units_step)}, {percent(facts.dead)} of layer {facts.dead_layer}'s units are"
        f" zero on the whole batch (dead from {percent(thresholds.dead_share)})"
        f"{_consequence(facts, thresholds)}"
    )


def _saturated(facts: Evidence, thresholds: Thresholds) -> str:
    theory = ""
    if facts.at_start and math.isfinite(facts.predicted_saturated):
        theory = f"; {_theory(facts)}: {percent(facts.predicted_saturated)}"
    return (
        f"{_when(facts.units_step)}, {percent(facts.saturated)} of layer {facts.saturated_layer}'s"
        f" activations are saturated (limit {percent(thresholds.saturated_share)}{theory})"
        f"{_consequence(facts, thresholds)}"
    )


def _consequence(facts: Evidence, thresholds: Thresholds) -> str:
    """Returns what dead or saturated units did to the gradients, where it is grave."""
    if not facts.ratio < thresholds.vanishing_ratio:
        return ""
    path = _path(facts)
    received = f"{figure(facts.ratio)} of what {path.beginning} does"
    return f" and {path.end} receives {received if facts.ratio else 'no gradient'}"


def _healthy(facts: Evidence, _: Thresholds) -> str:
    if facts.layers is None:
        return "there is no hidden layer in which gradients could vanish"
    first, last = facts.layers
    if first == last and facts.calls == 1:
        return "gradients pass a single hidden layer"
    path = _path(facts)
    received = f"{figure(facts.ratio)} of {path.beginning}'s"
    theory = ""
    if facts.at_start and math.isfinite(facts.predicted_ratio):
        theory = f"; {_theory(facts)}: {figure(facts.predicted_ratio)}"
    return f"gradients are healthy ({path.end} receives {received}{theory})"


def _unmeasured(facts: Evidence, _: Thresholds) -> str:
    return "gradients were not measured by layer"


def _theory(facts: Evidence) -> str:
    return f"theory for {facts.activation or 'this network'} with these weights"


def _theory_of_hop(facts: Evidence, path: _Path) -> str:
    if not (facts.at_start and facts.predicted_ratio > 0):
        return ""
    return f" ({_theory(facts)}: {figure(facts.predicted_ratio ** (1 / path.hops))})"


def _disagreement(facts: Evidence) -> str:
    """Adds what theory expected at initialization, where it is another regime."""
    if None in (facts.predicted_regime, facts.start_regime):
        return ""
    if facts.predicted_regime == facts.start_regime:
        return ""
    if facts.predicted_regime == Regime.SATURATED:
        expected = f"saturated activations: {percent(facts.predicted_saturated)} of a layer's"
    else:
        received = f"{figure(facts.predicted_ratio)} of {_path(facts).beginning}'s"
        expected = f"{facts.predicted_regime} gradients: {received}"
    if facts.at_start:
        return f", where theory expected {expected}"
    return f" (at initialization it was {facts.start_regime}, theory expected {expected})"


REGIMES: dict[str | None, Clause] = {
    None: _unmeasured,
    Regime.EXPLODING: _exploding,
    Regime.DEAD: _dead,
    Regime.SATURATED: _saturated,
    Regime.VANISHING: _vanishing,
    Regime.HEALTHY: _healthy,
}

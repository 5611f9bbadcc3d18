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


def regime_clause(seen: Evidence, thresholds: Thresholds) -> str:
    """The clause about the trial's gradient regime, without a full stop.

    Where it is about initialization it names what theory expects there, and says so where theory
    expected another regime.
    """
    return REGIMES[seen.regime](seen, thresholds) + _disagreement(seen)


def _when(step: int) -> str:
    return "at initialization" if step == 0 else f"at step {step}"


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
        f" their size at every {path.hop} on average{_theory_of_hop(seen, path)}, {path.end}"
        f" receives {figure(seen.ratio)} of what {path.beginning} does ({limit})"
    )


def _exploding(seen: Evidence, thresholds: Thresholds) -> str:
    path = _path(seen)
    limit = f"exploding above {figure(thresholds.exploding_ratio)}"
    if math.isnan(seen.ratio):
        return f"{_when(seen.units_step)} the gradients of the hidden layers are not finite"
    return (
        f"{_when(seen.ratio_step)} gradients grow by a factor of"
        f" {figure(seen.ratio ** (1 / path.hops))} at every {path.hop} on"
        f" average{_theory_of_hop(seen, path)}, {path.end} receives {figure(seen.ratio)} times"
        f" what {path.beginning} does ({limit})"
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
    theory = ""
    if seen.at_start and math.isfinite(seen.predicted_saturated):
        theory = f"; {_theory(seen)}: {percent(seen.predicted_saturated)}"
    return (
        f"{_when(seen.units_step)}, {percent(seen.saturated)} of layer {seen.saturated_layer}'s"
        f" activations are saturated (limit {percent(thresholds.saturated_share)}{theory})"
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
    theory = ""
    if seen.at_start and math.isfinite(seen.predicted_ratio):
        theory = f"; {_theory(seen)}: {figure(seen.predicted_ratio)}"
    return f"gradients are healthy ({path.end} receives {received}{theory})"


def _unmeasured(seen: Evidence, _: Thresholds) -> str:
    return "gradients were not measured by layer"


def _theory(seen: Evidence) -> str:
    return f"theory for {seen.activation or 'this network'} with these weights"


def _theory_of_hop(seen: Evidence, path: _Path) -> str:
    if not (seen.at_start and seen.predicted_ratio > 0):
        return ""
    return f" ({_theory(seen)}: {figure(seen.predicted_ratio ** (1 / path.hops))})"


def _disagreement(seen: Evidence) -> str:
    """What theory expected at initialization, where it is another regime than was observed."""
    if None in (seen.predicted_regime, seen.start_regime):
        return ""
    if seen.predicted_regime == seen.start_regime:
        return ""
    if seen.predicted_regime == Regime.SATURATED:
        expected = f"saturated activations: {percent(seen.predicted_saturated)} of a layer's"
    else:
        received = f"{figure(seen.predicted_ratio)} of {_path(seen).beginning}'s"
        expected = f"{seen.predicted_regime} gradients: {received}"
    if seen.at_start:
        return f", where theory expected {expected}"
    return f" (at initialization it was {seen.start_regime}, theory expected {expected})"


REGIMES: dict[str | None, Clause] = {
    None: _unmeasured,
    Regime.EXPLODING: _exploding,
    Regime.DEAD: _dead,
    Regime.SATURATED: _saturated,
    Regime.VANISHING: _vanishing,
    Regime.HEALTHY: _healthy,
}

"""The probability of stable by two hyperparameters, averaged over the rest by the stability model.

An average is the model's, plus what evenly placed trials say it misses: with p(z) what the model
says of a configuration z from the trials of others, and y what came,

    average(x) = mean of p over the rest at x  +  E[y - p(z) | x].

The second term is estimated from evenly placed trials alone, as a smooth function of x, so that
trials placed at a boundary help the first term and bias neither. Where the model is good, y - p(z)
varies less than y does, which is what is gained over smoothing y itself. G positions on a grid of
X by Y, Q configurations of the rest, E evenly placed configurations, S draws.

References:
    Angelopoulos et al., Prediction-powered inference, Science 2023; Zrnic and Candes,
    Cross-prediction-powered inference, PNAS 2024 (predictions from the other folds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit
from threadpoolctl import threadpool_limits

from analysis.errors import AnalysisError
from analysis.smoothing.axis import Axis, axis
from analysis.space.axes import matches
from analysis.stability_model.asked import applying_of, placed_at, space_configurations
from analysis.stability_model.columns import columns_of
from analysis.stability_model.model import STABLE, StabilityModel
from analysis.stability_model.residuals import Residuals, drawn_means
from search_spaces.stability_classifier.classifier import drawn_probabilities

Floats = NDArray[np.float64]

DRAWS = 200
_ALONG, _UP = 33, 13
"""Positions along ranges at which averages are computed; between them logits are straight."""

_POINTS = 32768
"""Configurations that the model is asked about, at most, for one map."""

_CERTAIN = 1e-4


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The two axes of a map."""

    x: Axis
    y: Axis


@dataclass(frozen=True, kw_only=True, eq=False)
class AveragedMap:
    """Joint draws of an averaged map; stands where a `Smooth` does.

    Attributes:
        prior: The axes.
        x_at: Grid positions along x [X].
        y_at: Grid positions along y [Y].
        drawn: Draws of the logit of the average there [S, X, Y].
    """

    prior: Axes
    x_at: Floats
    y_at: Floats
    drawn: Floats

    def draws(self, x: Floats, y: Floats) -> Floats:
        """Returns the draws at positions x [A] and y [B]: [S, A, B]."""
        along = _between(self.prior.x, self.x_at, x)
        up = _between(self.prior.y, self.y_at, y)
        return np.asarray(np.einsum("ax,sxy,by->sab", along, self.drawn, up, optimize=True))


def averaged_map(
    model: StabilityModel,
    x: str,
    y: str | None = None,
    *,
    where: Mapping[str, object] | None = None,
    seed: int = 0,
) -> AveragedMap:
    """Averages the probability of stable over all hyperparameters but one or two.

    Args:
        model: The study's.
        x: A hyperparameter that varies.
        y: Another one, or None.
        where: Only configurations with these values (or lists of values), by hyperparameter.
        seed: Of the draws, >= 0.

    Raises:
        AnalysisError: If a hyperparameter is unknown, or no configuration has what is asked.
    """
    trials = model.trials
    axes = Axes(x=axis(trials, x), y=axis(trials, y))
    x_at, y_at = _grid(axes.x, _ALONG), _grid(axes.y, _UP)
    settings = _rest(model, [name for name in (x, y) if name], where, len(x_at) * len(y_at))
    with threadpool_limits(1):
        modelled = _modelled(model, axes, x_at, y_at, settings, seed)
        missed = drawn_means(
            _residuals(model, axes, where), (axes.x, axes.y), (x_at, y_at), DRAWS, seed
        )
    average = np.clip(modelled + missed, _CERTAIN, 1.0 - _CERTAIN)
    return AveragedMap(prior=axes, x_at=x_at, y_at=y_at, drawn=logit(average))


def _grid(axis: Axis, number: int) -> Floats:
    if not axis.is_range:
        return axis.levels
    beyond = [axis.top] if np.nanmax(axis.positions, initial=0.0) > 1 + 1e-9 else []
    return np.array([*np.linspace(0.0, 1.0, number), *beyond])


def _rest(
    model: StabilityModel, names: list[str], where: Mapping[str, object] | None, places: int
) -> pd.DataFrame:
    """Returns configurations [Q] spread over the space, to which both axes apply."""
    fixed = {name: _listed(wanted) for name, wanted in (where or {}).items() if name not in names}
    matches(model.trials, where)
    number = 1 << max(5, min(9, (_POINTS // places).bit_length() - 1))
    settings = space_configurations(model.trials, model.classifier.encoder, number)
    for name, values in fixed.items():
        if name in settings.columns:
            each = [values[row % len(values)] for row in range(len(settings))]
            settings[name] = pd.Series(each, dtype=object)
    known = [name for name in names if name in settings.columns]
    kept = settings[settings[known].notna().all(axis=1)]
    if kept.empty:
        raise AnalysisError(f"{' and '.join(names)} never apply where {dict(where or {})}")
    return kept.reset_index(drop=True)


def _listed(wanted: object) -> list[object]:
    return list(wanted) if isinstance(wanted, (list, tuple, set)) else [wanted]


def _modelled(
    model: StabilityModel,
    axes: Axes,
    x_at: Floats,
    y_at: Floats,
    settings: pd.DataFrame,
    seed: int,
) -> Floats:
    """Returns draws of the model's averages [S, X, Y]."""
    latent, encoder = model.classifier.latents[STABLE], model.classifier.encoder
    applying = applying_of(model.trials, encoder)
    found = np.zeros((DRAWS, len(x_at), len(y_at)))
    for row, y_value in enumerate(_values(model.trials, axes.y, y_at)):
        blocks = []
        for x_value in _values(model.trials, axes.x, x_at):
            fixed = {axes.x.name: x_value, axes.y.name: y_value}
            blocks.append(placed_at(settings, fixed, applying))
        columns = columns_of(pd.concat(blocks, ignore_index=True), encoder)
        # The same seed each time: one draw is one function over the whole map.
        drawn = drawn_probabilities(latent, columns, DRAWS, np.random.default_rng(seed))
        found[:, :, row] = drawn.reshape(DRAWS, len(x_at), len(settings)).mean(axis=2)
    return found


def _values(trials: pd.DataFrame, axis: Axis, at: Floats) -> list[object]:
    """Returns what a configuration has at positions of an axis."""
    if not axis.name:
        return [None]
    if not axis.names:
        return list(axis.value(at))
    column = trials[axis.name].to_numpy(dtype=object)
    found: list[object] = []
    for level, label in zip(axis.levels, axis.labels, strict=True):
        having = np.flatnonzero(axis.positions == level)
        found.append(column[having[0]] if len(having) else label)
    return found


def _residuals(model: StabilityModel, axes: Axes, where: Mapping[str, object] | None) -> Residuals:
    """Returns what came of evenly placed configurations, less what others said of them."""
    held, counts = model.held_out, model.counts
    rows, first = held.rows, model.first_trials[held.rows]
    along, up = axes.x.positions[first], axes.y.positions[first]
    keep = np.isin(rows, model.even_configurations()) & matches(model.trials, where)[first]
    keep &= np.isfinite(along) & np.isfinite(up)
    said = held.probability[STABLE][keep]
    total = counts.total[rows[keep]]
    worth = total / (1.0 + (total - 1.0) * model.classifier.alike)
    return Residuals(
        x=along[keep],
        y=up[keep],
        missed=counts.trials[STABLE][rows[keep]] / total - said,
        variance=np.maximum(said * (1.0 - said), 0.01) / worth,
    )


def _between(axis: Axis, grid: Floats, at: Floats) -> Floats:
    """Returns the weights [A, X] of grid positions whose mean is the value at positions [A]."""
    weights = np.zeros((len(at), len(grid)))
    each = np.arange(len(at))
    if axis.names or len(grid) == 1:
        weights[each, np.abs(at[:, None] - grid).argmin(axis=1)] = 1.0
        return weights
    left = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, len(grid) - 2)
    part = np.clip((at - grid[left]) / (grid[left + 1] - grid[left]), 0.0, 1.0)
    weights[each, left] = 1.0 - part
    weights[each, left + 1] += part
    return weights

"""One quantity by step, a line a seed; beside them, in another colour, those of a second group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.log_axis import log_axis
from analysis.figures.palette import LIGHT, Theme
from analysis.figures.step_axis import step_axis

_DECADES = 12.0
"""Of a logarithmic axis at most: what explodes or vanishes beyond says no more."""


@dataclass(frozen=True, kw_only=True)
class SeedGroup:
    """Seeds that are drawn alike.

    Attributes:
        name: What they are, for the legend.
        steps: Their rows of the steps table.
        color: A colour, as #rrggbb; "" is the theme's muted one.
        broken: Trials that ended because something was not finite, or the loss left all bounds.
    """

    name: str
    steps: pd.DataFrame
    color: str = ""
    broken: frozenset[int] = frozenset()


def seed_curves(
    groups: Sequence[SeedGroup],
    *,
    column: str,
    label: str,
    log: Literal["", "low", "high"],
    marks: Mapping[str, float] | None = None,
    lowest: float = -np.inf,
    noun: str = "seed",
    theme: Theme = LIGHT,
) -> go.Figure:
    """Draws a column of the steps table by step, one line a seed.

    The line of a trial that broke ends with a cross. Where a logarithmic axis
    is asked for and some values are negative, the axis is linear; zeros leave gaps in it.

    Args:
        groups: What is drawn; a legend names them where there are several.
        column: A column of the steps table.
        label: What it is called; a person's own word.
        log: "" for a linear axis; for a logarithmic one, which end of it is kept where the values
            span more than 12 decades.
        marks: Levels to compare with, by name.
        lowest: Where a linear axis begins at the lowest.
        noun: What a line is.
        theme: Colours.
    """
    figure = new_figure(theme, height=280)
    levels = {name: level for name, level in (marks or {}).items() if np.isfinite(level)}
    drawn = _finite([*(group.steps[column] for group in groups), list(levels.values())])
    log = log if bool((drawn >= 0).all()) else ""
    named = len({group.name for group in groups}) > 1
    for group in groups:
        _add(figure, group, column, label, log=bool(log), named=named, noun=noun, theme=theme)
    last = max((int(group.steps["step"].max()) for group in groups if len(group.steps)), default=1)
    figure.update_xaxes(step_axis(max(last, 1)))
    figure.update_yaxes(
        _log_range(drawn, log) if log else _linear_range(drawn, lowest),
        title_text=literal(label, limit=40),
    )
    for name, level in levels.items():
        _mark(figure, name, level, log=bool(log), theme=theme)
    if named:
        figure.update_layout(
            showlegend=True,
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        )
    return figure


def _add(
    figure: go.Figure,
    group: SeedGroup,
    column: str,
    label: str,
    *,
    log: bool,
    named: bool,
    noun: str,
    theme: Theme,
) -> None:
    for number, (trial, rows) in enumerate(group.steps.groupby("trial", sort=True)):
        rows = rows.sort_values("step")
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        symbols, sizes = _points(values, broken=trial in group.broken)
        figure.add_scatter(
            x=rows["step"].to_numpy(dtype=np.int64) + 1,
            y=np.where(np.isfinite(values) & ((values > 0) | (not log)), values, np.nan),
            customdata=rows["step"],
            mode="lines+markers",
            line={"color": group.color or theme.muted, "width": 1.6},
            marker={"size": sizes, "symbol": symbols, "line": {"width": 0}},
            opacity=0.85,
            name=literal(group.name, limit=40),
            legendgroup=literal(group.name, limit=40),
            showlegend=named and number == 0,
            hovertemplate=f"{literal(group.name, limit=40)}, {noun} {trial}<br>"
            f"step %{{customdata}}<br>{literal(label, limit=40)} %{{y:.3g}}<extra></extra>",
        )


def _points(values: np.ndarray, *, broken: bool) -> tuple[list[str], list[int]]:
    """Marks the last finite value with a cross where the trial broke after it."""
    symbols, sizes = ["circle"] * len(values), [4] * len(values)
    there = np.flatnonzero(np.isfinite(values))
    if len(there) and broken:
        symbols[there[-1]], sizes[there[-1]] = "x", 10
    return symbols, sizes


def _finite(columns: Sequence[object]) -> np.ndarray:
    values = np.concatenate([pd.Series(each).to_numpy(dtype=np.float64) for each in columns])
    return values[np.isfinite(values)]


def _log_range(values: np.ndarray, kept: str) -> dict[str, object]:
    """Returns a range of at least a decade, so that a flat line looks flat."""
    logs = np.log10(values[values > 0])
    low, high = (float(logs.min()), float(logs.max())) if logs.size else (-0.5, 0.5)
    low = max(low, high - _DECADES) if kept == "high" else low
    high = min(high, low + _DECADES)
    spare = max(0.0, 1.0 - (high - low)) / 2 + 0.05 * max(high - low, 1.0)
    return log_axis(low - spare, high + spare)


def _linear_range(values: np.ndarray, lowest: float) -> dict[str, object]:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low = max(low, lowest)
    spare = 0.06 * ((high - low) or 1.0)
    return {"type": "linear", "range": [low - spare, high + spare]}


def _mark(figure: go.Figure, name: str, level: float, *, log: bool, theme: Theme) -> None:
    figure.add_shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=level,
        y1=level,
        line={"color": theme.muted, "width": 1, "dash": "dot"},
    )
    figure.add_annotation(
        text=literal(name),
        xref="paper",
        x=1,
        xanchor="right",
        y=np.log10(level) if log else level,
        yanchor="bottom",
        showarrow=False,
        font={"size": 11, "color": theme.muted},
        bgcolor=theme.faint("paper", 0.75),
        borderpad=1,
    )

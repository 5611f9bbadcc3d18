"""A box of the search space: of each hyperparameter that it bounds, which part is inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure, title
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme, ink_on
from analysis.labels import number_label
from analysis.safe_regions import Box, Condition
from analysis.space.axes import entry
from analysis.space.coordinates import Coordinate, coordinates

_ROW = 54
_NARROW = 0.3
"""An interval narrower than this has one label for both of its edges."""

_LETTERS = 44
"""So many letters fit on a phone between the ends of a row."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A stretch of a row from `start` to `end` in [0, 1], and what is written in it."""

    start: float
    end: float
    inside: bool
    label: str


def box_diagram(
    trials: pd.DataFrame, box: Box | Mapping[str, Any], *, theme: Theme = LIGHT
) -> go.Figure:
    """Draws one row a condition of a box: the whole axis in grey, what is inside in colour.

    Args:
        trials: Trials table; it decides how far the axes reach.
        box: A box, or its dict, as `json.loads` gives it from the column `where` of
            `safe_regions`.
        theme: Colours.
    """
    box = box if isinstance(box, Box) else Box.from_dict(box)
    known = coordinates(trials, [each.name for each in box.conditions])
    figure = new_figure(theme, height=24 + _ROW * max(1, len(known)))
    for row, (each, condition) in enumerate(zip(known, box.conditions, strict=True)):
        if each.names is None and each.levels is None:
            _range(figure, row, _ends(trials, each), condition, theme, log=each.log)
        else:
            _parts(figure, row, _segments(each, condition), theme)
    figure.update_xaxes(range=[-0.01, 1.01], visible=False)
    figure.update_yaxes(
        range=[len(known) - 0.4, -0.6],
        tickvals=list(range(len(known))),
        ticktext=[title(each.name) for each in known],
        showgrid=False,
        ticks="",
    )
    return figure


def _segments(coordinate: Coordinate, condition: Condition) -> list[_Part]:
    """Draws values as stretches of equal length."""
    if coordinate.names is not None:
        values = list(coordinate.names)
        inside = [value in (condition.names or ()) for value in values]
    else:
        levels = coordinate.levels if coordinate.levels is not None else np.zeros(0)
        values = [number_label(float(level), digits=3) for level in levels]
        inside = [condition.low <= level <= condition.high for level in levels]
    size = len(values)
    return [
        _Part(start=index / size, end=(index + 1) / size, inside=held, label=value)
        for index, (value, held) in enumerate(zip(values, inside, strict=True))
    ]


def _parts(figure: go.Figure, row: int, parts: Sequence[_Part], theme: Theme) -> None:
    gap = 0.004
    for part in parts:
        color = VERDICT_COLORS["stable"] if part.inside else theme.grid
        figure.add_shape(
            type="rect",
            x0=part.start + gap,
            x1=part.end - gap,
            y0=row - 0.24,
            y1=row + 0.24,
            fillcolor=color,
            line={"width": 0},
            layer="below",
        )
    limit = max(4, _LETTERS // len(parts))
    figure.add_scatter(
        x=[(part.start + part.end) / 2 for part in parts],
        y=[row] * len(parts),
        mode="text",
        text=[literal(part.label, limit=limit) for part in parts],
        textfont={
            "size": 11,
            "color": [
                ink_on(VERDICT_COLORS["stable"]) if part.inside else theme.muted for part in parts
            ],
        },
        hovertext=[
            f"{literal(part.label)}: {'inside' if part.inside else 'outside'}" for part in parts
        ],
        hoverinfo="text",
    )


def _ends(trials: pd.DataFrame, coordinate: Coordinate) -> tuple[float, float]:
    """Returns how far the axis reaches: as the study file says, else as the trials do."""
    finite = coordinate.values[np.isfinite(coordinate.values)]
    stated = entry(trials, coordinate.name)
    low, high = stated.get("low"), stated.get("high")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return min(float(low), float(finite.min())), max(float(high), float(finite.max()))
    return float(finite.min()), float(finite.max())


def _range(
    figure: go.Figure,
    row: int,
    ends: tuple[float, float],
    condition: Condition,
    theme: Theme,
    *,
    log: bool,
) -> None:
    """Draws a range: its ends in grey below, the edges of what is inside above."""
    low, high = max(condition.low, ends[0]), min(condition.high, ends[1])
    positions = [_position(edge, ends, log=log) for edge in (low, high)]
    for start, end, color in ((0, 1, theme.grid), (*positions, VERDICT_COLORS["stable"])):
        figure.add_shape(
            type="rect",
            x0=start,
            x1=end,
            y0=row - 0.12,
            y1=row + 0.12,
            fillcolor=color,
            line={"width": 0},
            layer="below",
        )
    texts = [number_label(edge, digits=3) for edge in (low, high)]
    if positions[1] - positions[0] < _NARROW:
        _text(
            figure, row, [sum(positions) / 2], [f"{texts[0]}–{texts[1]}"], theme.text, above=True
        )
    else:
        _text(figure, row, positions, texts, theme.text, above=True)
    # An edge at the axis' end says the same.
    grey = [
        (end, number_label(end, digits=2))
        for end, edge in zip(ends, (low, high), strict=True)
        if end != edge
    ]
    at = [_position(end, ends, log=log) for end, _ in grey]
    _text(figure, row, at, [text for _, text in grey], theme.muted, above=False)


def _text(
    figure: go.Figure,
    row: int,
    positions: Sequence[float],
    texts: Sequence[str],
    color: str,
    *,
    above: bool,
) -> None:
    for position, text in zip(positions, texts, strict=True):
        figure.add_annotation(
            x=position,
            y=row - 0.12 if above else row + 0.12,
            text=text,
            showarrow=False,
            xanchor="left" if position < 0.06 else "right" if position > 0.94 else "center",
            yanchor="bottom" if above else "top",
            font={"size": 11, "color": color},
        )


def _position(value: float, ends: tuple[float, float], *, log: bool) -> float:
    low, high = ends
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return float(np.clip((value - low) / (high - low), 0, 1)) if high > low else 0.5

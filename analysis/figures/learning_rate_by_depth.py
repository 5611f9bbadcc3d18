"""The window of learning rates that train, by cell of other hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure, row_headers, title
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme, translucent
from analysis.labels import number_label
from analysis.space.cells import cells
from analysis.trials.records import records

MAX_POINTS = 3000
"""More trials than this are not drawn one by one."""

_ROW = 19


def learning_rate_by_depth(
    boundaries: pd.DataFrame, trials: pd.DataFrame | None = None, *, theme: Theme = LIGHT
) -> go.Figure:
    """Draws one row a cell: the learning rates from the smallest to the largest that trained.

    A thin line leads on to where the study rules out that more would train, or, ending in an
    arrow, on without end where it does not.

    Args:
        boundaries: What `analysis.largest_learning_rate` returned.
        trials: With them, each trial is a mark in its row (up to `MAX_POINTS`).
        theme: Colours.
    """
    rows = _rows(boundaries)
    figure = new_figure(theme, height=90 + _ROW * (1 + int(max(rows))))
    limits = _limits(boundaries, trials)
    if trials is not None and len(trials) <= MAX_POINTS:
        _trials(figure, boundaries, rows, trials, theme)
    _bands(figure, boundaries, rows)
    _beyond(figure, boundaries, rows, limits[1], theme)
    _largest(figure, boundaries, rows, math.sqrt(limits[0] * limits[1]), theme)
    row_headers(figure, _headers(boundaries, rows), theme)
    by = boundaries.attrs["by"]
    figure.update_xaxes(
        type="log",
        range=[math.log10(limits[0]) - 0.05, math.log10(limits[1]) + 0.05],
        title_text=title(boundaries.attrs["learning_rate"]),
        dtick=1,
        tickformat="~g",
        exponentformat="power",
    )
    figure.update_yaxes(
        range=[max(rows) + 0.7, -0.7],
        tickvals=rows,
        ticktext=[literal(label, limit=16) for label in boundaries[by[0]]] if by else [""],
        title_text=title(by[0]) if by else "",
        showgrid=False,
        ticks="",
    )
    return figure


def _rows(boundaries: pd.DataFrame) -> list[float]:
    """Returns the height of each row, grouped by all but the first hyperparameter."""
    groups = _group_texts(boundaries)
    order = sorted(range(len(groups)), key=lambda i: (groups.index(groups[i]), i))
    heights, height, last = [0.0] * len(groups), -1.0, None
    for i in order:
        height += 1 if groups[i] == last or not groups[i] else 2.2 if last is not None else 2
        heights[i], last = height, groups[i]
    return heights


def _group_texts(boundaries: pd.DataFrame) -> list[str]:
    names = boundaries.attrs["by"][1:]
    return [" · ".join(str(row[name]) for name in names) for row in records(boundaries)]


def _limits(boundaries: pd.DataFrame, trials: pd.DataFrame | None) -> tuple[float, float]:
    ends = ["smallest_low", "smallest", "largest", "largest_high"]
    values = boundaries[ends].to_numpy(dtype=np.float64).ravel()
    if trials is not None:
        rates = trials[boundaries.attrs["learning_rate"]]
        values = np.concatenate([values, rates.to_numpy(dtype=np.float64, na_value=np.nan)])
    shown = values[np.isfinite(values) & (values > 0)]
    return (float(shown.min()), float(shown.max())) if shown.size else (1e-4, 1.0)


def _trials(
    figure: go.Figure,
    boundaries: pd.DataFrame,
    rows: list[float],
    trials: pd.DataFrame,
    theme: Theme,
) -> None:
    by = boundaries.attrs["by"]
    height_of = {
        tuple(row[name] for name in by): height
        for row, height in zip(records(boundaries), rows, strict=True)
    }
    columns = [cells(trials, name) for name in by]
    labels = [np.array([*column.labels, None], dtype=object)[column.index] for column in columns]
    keys = list(zip(*labels, strict=True)) if by else [()] * len(trials)
    y = np.array([height_of.get(key, np.nan) for key in keys])
    rates = trials[boundaries.attrs["learning_rate"]].to_numpy(dtype=np.float64, na_value=np.nan)
    stable = (trials["verdict"] == "stable").to_numpy()
    for kind, symbol, size, color in (
        (~stable, "line-ns-open", 7, theme.faint("muted", 0.55)),
        (stable, "circle", 5, VERDICT_COLORS["stable"]),
    ):
        figure.add_scatter(
            x=rates[kind],
            y=y[kind],
            mode="markers",
            marker={"symbol": symbol, "size": size, "color": color},
            hoverinfo="skip",
        )


def _bands(figure: go.Figure, boundaries: pd.DataFrame, rows: list[float]) -> None:
    trained = boundaries["stable"].to_numpy() > 0
    ends = boundaries[["smallest", "largest"]].to_numpy()[trained]
    color = translucent(VERDICT_COLORS["stable"], 0.35)
    _lines(figure, ends, np.array(rows)[trained], {"color": color, "width": 9})


def _beyond(
    figure: go.Figure, boundaries: pd.DataFrame, rows: list[float], end: float, theme: Theme
) -> None:
    """Draws a line from the largest rate that trained to its bound, or dotted to the end."""
    high, heights = boundaries["largest_high"].to_numpy(), np.array(rows)
    ends = np.stack([boundaries["largest"].to_numpy(), np.minimum(high, end)], axis=1)
    line = {"color": theme.text, "width": 1.3}
    bounded, unbounded = np.isfinite(high), np.isposinf(high)
    _lines(figure, ends[bounded], heights[bounded], line)
    _lines(figure, ends[unbounded], heights[unbounded], {**line, "dash": "dot"})
    figure.add_scatter(
        x=ends[unbounded, 1],
        y=heights[unbounded],
        mode="markers",
        marker={"symbol": "triangle-right", "size": 7, "color": theme.text},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _largest(
    figure: go.Figure, boundaries: pd.DataFrame, rows: list[float], middle: float, theme: Theme
) -> None:
    """Draws a stroke at the largest learning rate that trained; hovering over it shows the row."""
    trained = boundaries["stable"].to_numpy() > 0
    figure.add_scatter(
        x=np.where(trained, boundaries["largest"], middle),
        y=rows,
        mode="markers",
        marker={
            "symbol": "line-ns-open",
            "size": np.where(trained, 13, 0.1),
            "color": theme.text,
            "line": {"width": 2},
        },
        hovertext=[_hover(row, boundaries.attrs["by"]) for row in records(boundaries)],
        hoverinfo="text",
    )


def _lines(
    figure: go.Figure, ends: np.ndarray, heights: np.ndarray, line: Mapping[str, object]
) -> None:
    """Draws horizontal lines from ends[:, 0] to ends[:, 1], one a row, in one trace."""
    # A missing point ends each line.
    gap = np.full(len(heights), np.nan)
    figure.add_scatter(
        x=np.column_stack([ends, gap]).ravel(),
        y=np.column_stack([heights, heights, gap]).ravel(),
        mode="lines",
        line=dict(line),
        hoverinfo="skip",
    )


def _headers(boundaries: pd.DataFrame, rows: list[float]) -> dict[str, float]:
    """Returns the heights of the groups' names, above the first row of each."""
    first: dict[str, float] = {}
    for text, height in zip(_group_texts(boundaries), rows, strict=True):
        first[text] = min(height, first.get(text, math.inf))
    return {text: height - 1 for text, height in first.items() if text}


def _hover(row: Mapping[str, Any], by: list[str]) -> str:
    cell = ", ".join(f"{literal(name)} {literal(row[name])}" for name in by)
    counted = f"{row['stable']} of {row['trials']} trials stable"
    if not row["stable"]:
        return f"<b>{cell}</b><br>{counted}"
    bound = "no bound: too few trials above"
    if math.isfinite(row["largest_high"]):
        bound = f"ruled out above {number_label(row['largest_high'])}"
    return (
        f"<b>{cell}</b><br>trains from {number_label(row['smallest'])} to "
        f"{number_label(row['largest'])}<br>{bound} ({row['failed_above']} failed above)"
        f"<br>{counted}"
    )

"""Between which learning rates at least half of the trials train, with intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure, row_headers, title
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme, translucent
from analysis.labels import number_label, percent
from analysis.trials.records import records

_ROW = 21


def learning_rate_limits(limits: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws one row a cell: a bar from the smallest to the largest limit, and their intervals as
    lines.

    An interval or a bar that goes on beyond the learning rates that were tried ends in an arrow.
    Where no learning rate reaches one half it is said in words, with how likely one does.

    Args:
        limits: What `analysis.learning_rate_limits` returned.
        theme: Colours.
    """
    heights = _heights(limits)
    figure = new_figure(theme, height=76 + _ROW * (1 + int(heights.max(initial=0))))
    ends = _ends(limits)
    bars = limits["largest"].to_numpy() > limits["smallest"].to_numpy()
    low, high = (np.clip(limits[name].to_numpy(), *ends) for name in ("smallest", "largest"))
    color = translucent(VERDICT_COLORS["stable"], 0.4)
    _segments(figure, low[bars], high[bars], heights[bars], {"color": color, "width": 11})
    nowhere = (limits["largest"] <= 0).to_numpy() | np.isinf(limits["smallest"]).to_numpy()
    for name, shift in (("smallest", -0.14), ("largest", 0.14)):
        _interval(figure, limits[~nowhere], name, heights[~nowhere] + shift, ends, theme)
    _words(figure, limits[nowhere], heights[nowhere], ends, theme)
    middle = math.sqrt(ends[0] * ends[1])
    _hover_marks(figure, limits, np.where(bars, np.sqrt(low * high), middle), heights)
    _label(figure, limits, heights, ends, theme)
    return figure


def _hover_marks(
    figure: go.Figure, limits: pd.DataFrame, x: np.ndarray, heights: np.ndarray
) -> None:
    """Adds an invisible mark to each row, which shows the row's numbers on hovering."""
    figure.add_scatter(
        x=x,
        y=heights,
        mode="markers",
        marker={"size": 16, "color": "rgba(0,0,0,0)"},
        hovertext=[limits_text(row) for row in records(limits)],
        hoverinfo="text",
    )


def _label(
    figure: go.Figure,
    limits: pd.DataFrame,
    heights: np.ndarray,
    ends: tuple[float, float],
    theme: Theme,
) -> None:
    """Labels axes and rows, with a header above the first row of each hyperparameter."""
    first = dict(zip(reversed(list(limits["by"])), reversed(heights), strict=True))
    headers = {name.replace("_", " "): height - 1 for name, height in first.items() if name}
    row_headers(figure, headers, theme)
    figure.update_xaxes(
        type="log",
        range=[math.log10(ends[0]) - 0.05, math.log10(ends[1]) + 0.05],
        title_text=title(limits.attrs.get("learning_rate", "learning_rate")),
        dtick=1,
        tickformat="~g",
        exponentformat="power",
    )
    figure.update_yaxes(
        range=[heights.max(initial=0) + 0.7, -0.7],
        tickvals=heights,
        ticktext=[literal(row["value"] or "all trials", limit=18) for row in records(limits)],
        showgrid=False,
        ticks="",
    )


def limits_text(row: dict[str, Any]) -> str:
    """Puts a row of `learning_rate_limits` in words, for hovering."""
    name = f"{row['by'].replace('_', ' ')} {row['value']}".strip() or "all trials"
    return (
        f"<b>{literal(name)}</b>, {row['stable']} of {row['trials']} stable"
        f"<br>smallest {limit_label(row, 'smallest')}<br>largest {limit_label(row, 'largest')}"
    )


def limit_label(row: dict[str, Any], name: str) -> str:
    """Writes a limit and its interval, `0.03 (0.01 to 0.1)`, or that there is none."""
    if row["largest"] <= 0 or math.isinf(row["smallest"]):
        return "nowhere half"
    ends = [_rate(row[f"{name}_{end}"]) for end in ("low", "high")]
    return f"{_rate(row[name])} ({ends[0]} to {ends[1]})"


def _rate(value: float) -> str:
    if value <= 0:
        return "below all"
    return "above all" if math.isinf(value) else number_label(value)


def _heights(limits: pd.DataFrame) -> np.ndarray:
    """Returns the height of each row; each hyperparameter begins with a header."""
    heights, height, last = [], -1.0, ""
    for name in limits["by"]:
        height += 1 if name == last else 2.1
        heights.append(height)
        last = name
    return np.array(heights)


def _ends(limits: pd.DataFrame) -> tuple[float, float]:
    names = [f"{name}{end}" for name in ("smallest", "largest") for end in ("", "_low", "_high")]
    values = limits[names].to_numpy(dtype=np.float64).ravel()
    shown = values[np.isfinite(values) & (values > 0)]
    tried = limits.attrs.get("tried")
    if tried is not None:
        shown = np.append(shown, tried)
    return (float(shown.min()), float(shown.max())) if shown.size else (1e-4, 1.0)


def _segments(
    figure: go.Figure, low: np.ndarray, high: np.ndarray, heights: np.ndarray, line: dict[str, Any]
) -> None:
    gap = np.full(len(heights), np.nan)
    figure.add_scatter(
        x=np.column_stack([low, high, gap]).ravel(),
        y=np.column_stack([heights, heights, gap]).ravel(),
        mode="lines",
        line=line,
        hoverinfo="skip",
    )


def _interval(
    figure: go.Figure,
    limits: pd.DataFrame,
    name: str,
    heights: np.ndarray,
    ends: tuple[float, float],
    theme: Theme,
) -> None:
    low, high = limits[f"{name}_low"].to_numpy(), limits[f"{name}_high"].to_numpy()
    _segments(
        figure,
        np.clip(low, *ends),
        np.clip(high, *ends),
        heights,
        {"color": theme.text, "width": 1.5},
    )
    value = limits[name].to_numpy()
    for at, where, symbol, size in (
        (value, (value > 0) & np.isfinite(value), "line-ns-open", 9),
        (np.full(len(low), ends[0]), low <= 0, "triangle-left", 7),
        (np.full(len(high), ends[1]), np.isinf(high), "triangle-right", 7),
    ):
        figure.add_scatter(
            x=at[where],
            y=heights[where],
            mode="markers",
            marker={"symbol": symbol, "size": size, "color": theme.text, "line": {"width": 2}},
            hoverinfo="skip",
            cliponaxis=False,
        )


def _words(
    figure: go.Figure,
    limits: pd.DataFrame,
    heights: np.ndarray,
    ends: tuple[float, float],
    theme: Theme,
) -> None:
    figure.add_scatter(
        x=np.full(len(heights), ends[0]),
        y=heights,
        mode="text",
        text=[
            f"nowhere half (somewhere: chance of {percent(chance)})"
            for chance in limits["reached"]
        ],
        textposition="middle right",
        textfont={"size": 11, "color": theme.muted},
        hoverinfo="skip",
    )

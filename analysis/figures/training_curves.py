"""Loss and update ratio of one trial, one above the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.log_axis import log_axis
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.figures.step_axis import step_axis


def training_curves(
    steps: pd.DataFrame, *, verdict: str = "stalled", theme: Theme = LIGHT
) -> go.Figure:
    """Draws the loss of each recorded step, below it |update| / |parameters|, both on log axes.

    Where one of the two was not finite its line ends with a cross at the last finite value;
    zeros and negative losses cannot lie on a log axis and leave gaps.

    Args:
        steps: Rows of one trial of the steps table.
        verdict: The trial's verdict, whose colour the lines have.
        theme: Colours.
    """
    figure = new_figure(theme, height=300)
    rows = steps.sort_values("step")
    step = rows["step"].to_numpy(dtype=np.int64)
    color = VERDICT_COLORS[verdict]
    shared = step_axis(int(step.max()) if step.size else 1)
    upper, lower = [0.56, 1.0], [0.0, 0.44]
    for number, (column, name, domain) in enumerate(
        (("loss", "loss", upper), ("update_ratio", "update ratio", lower)), start=1
    ):
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        # Where sharpness alone was looked at, the curve goes on to the next point.
        kept = ~np.isnan(values) | (np.cumsum(~np.isnan(values)[::-1])[::-1] == 0)
        values = values[kept]
        figure.add_trace(_line(step[kept], values, name, color, axis="" if number == 1 else "2"))
        axis = figure.layout.yaxis.to_plotly_json() | {
            "domain": domain,
            "title": {"text": name, "font": {"size": 12, "color": theme.muted}},
            "anchor": "x" if number == 1 else "x2",
            **_span(values),
        }
        figure.update_layout({"yaxis" if number == 1 else "yaxis2": axis})
    figure.update_xaxes(shared)
    base = figure.layout.xaxis.to_plotly_json()
    figure.update_layout(
        xaxis={**base, "anchor": "y", "showticklabels": False, "title": None},
        xaxis2={**base, "anchor": "y2", "matches": "x"},
    )
    return figure


def _line(step: np.ndarray, values: np.ndarray, name: str, color: str, *, axis: str) -> go.Scatter:
    shown = np.isfinite(values) & (values > 0)
    drawn, last = np.where(shown, values, np.nan), np.flatnonzero(shown)
    broke = bool(last.size and (~np.isfinite(values[last[-1] + 1 :])).any())
    size, symbol = [4] * step.size, ["circle"] * step.size
    if broke:
        size[last[-1]], symbol[last[-1]] = 10, "x"
    return go.Scatter(
        x=step + 1,
        y=drawn,
        customdata=step,
        mode="lines+markers",
        line={"color": color, "width": 2},
        marker={"size": size, "symbol": symbol, "line": {"width": 0}},
        xaxis=f"x{axis}",
        yaxis=f"y{axis}",
        name=name,
        hovertemplate=f"step %{{customdata}}<br>{name} %{{y:.3g}}<extra></extra>",
    )


def _span(values: np.ndarray) -> dict[str, object]:
    """Returns a range of at least a decade, so that a flat line looks flat."""
    drawn = np.log10(values[np.isfinite(values) & (values > 0)])
    low, high = (float(drawn.min()), float(drawn.max())) if drawn.size else (-0.5, 0.5)
    spare = max(0.0, 1.0 - (high - low)) / 2 + 0.06 * max(high - low, 1.0)
    return log_axis(low - spare, high + spare)

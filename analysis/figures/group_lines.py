"""Lines of groups of trials: colours, and a legend of what is solid and what is dashed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal
from analysis.figures.log_axis import log_axis
from analysis.figures.palette import Theme, translucent

COLORS = (
    # Okabe and Ito 2008; the lighter ones last.
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8A8D91",
)

DECADES = 24.0
"""Of a logarithmic axis at most: what vanished or exploded beyond says no more."""


def group_colors(values: Iterable[str]) -> dict[str, str]:
    """Returns a colour for each group, the same for all figures of these groups."""
    return {
        value: COLORS[place % len(COLORS)] for place, value in enumerate(dict.fromkeys(values))
    }


def add_line(
    figure: go.Figure,
    x: pd.Series,
    y: pd.Series,
    *,
    name: str,
    color: str,
    dash: str = "solid",
    legend: bool = False,
    markers: bool = False,
) -> None:
    """Draws one line of a group; NaN interrupts it."""
    figure.add_scatter(
        x=x,
        y=np.where(np.isfinite(y.to_numpy(dtype=np.float64)), y, np.nan),
        mode="lines+markers" if markers else "lines",
        line={"color": color, "width": 2.4 if dash == "solid" else 1.8, "dash": dash},
        marker={"size": 6, "color": color},
        name=literal(name, limit=40),
        legendgroup=literal(name, limit=40),
        showlegend=legend,
        hovertemplate=f"{literal(name, limit=40)}<br>%{{x}}: %{{y:.3g}}<extra></extra>",
    )


def add_band(figure: go.Figure, x: pd.Series, low: pd.Series, high: pd.Series, color: str) -> None:
    """Shades the quartiles of a group."""
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(color, 0.08),
        hoverinfo="skip",
        showlegend=False,
    )


def add_key(figure: go.Figure, dashes: Mapping[str, str], theme: Theme) -> None:
    """Says in the legend what the dashes mean."""
    for name, dash in dashes.items():
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines",
            line={"color": theme.muted, "width": 2, "dash": dash},
            name=name,
            showlegend=True,
        )


def set_log_range(figure: go.Figure, values: Iterable[float], title: str) -> None:
    """Gives the y axis a logarithmic range that holds these values, 24 decades at most."""
    known = np.array(list(values), dtype=np.float64)
    known = known[np.isfinite(known) & (known > 0)]
    low, high = (np.log10(known.min()), np.log10(known.max())) if known.size else (-1.0, 1.0)
    if high - low > DECADES:
        # Vanishing is below 1, exploding above it: what lies farther off gives way.
        low, high = (high - DECADES, high) if abs(low) > abs(high) else (low, low + DECADES)
    spare = max(0.1, 0.05 * (high - low))
    figure.update_yaxes(log_axis(float(low - spare), float(high + spare)), title_text=title)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )

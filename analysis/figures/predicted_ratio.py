"""Predicted against observed ratio R of gradients, one mark a trial."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.trials.counts import VERDICTS
from analysis.trials.theory_agreement import RESOLVED, ratio_errors

MAX_POINTS = 3000
"""Of more trials than this, evenly many from first to last are drawn."""


def predicted_ratio(trials: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws R = rms(delta_1) / rms(delta_L) at initialization against its prediction, log axes.

    On the diagonal both agree. Dotted lines are the thresholds of the regimes, where the table's
    metadata states them: outside of them gradients vanish or explode.

    Args:
        trials: Trials table; those without a prediction or a measurement are left out.
        theme: Colours.
    """
    figure = new_figure(theme, height=400)
    known = trials[ratio_errors(trials).notna()]
    chosen = np.unique(np.linspace(0, len(known) - 1, min(len(known), MAX_POINTS)).astype(int))
    drawn = known.iloc[chosen]
    names = ("predicted_ratio", "delta_ratio_initial")
    both = drawn[[*names]].clip(RESOLVED, 1 / RESOLVED).to_numpy(dtype=np.float64)
    axis, ends = _decades(both)
    _guides(figure, ends, trials.attrs.get("thresholds"), theme)
    for verdict in VERDICTS:
        rows = (drawn["verdict"] == verdict).to_numpy()
        if rows.any():
            figure.add_trace(_marks(verdict, both[rows], drawn["trial"].to_numpy()[rows]))
    figure.update_xaxes(**axis, title_text="predicted R")
    figure.update_yaxes(**axis, title_text="observed R")
    figure.update_layout(
        hovermode="closest",
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure


def _marks(verdict: str, both: np.ndarray, trial: np.ndarray) -> go.Scatter:
    return go.Scatter(
        # Six digits are more than a pixel needs, and half of the file.
        x=[float(f"{value:.5g}") for value in both[:, 0]],
        y=[float(f"{value:.5g}") for value in both[:, 1]],
        customdata=trial,
        mode="markers",
        marker={"color": VERDICT_COLORS[verdict], "size": 6, "opacity": 0.65},
        name=verdict,
        hovertemplate="trial %{customdata}<br>predicted %{x:.2g}, observed %{y:.2g}",
    )


def _decades(both: np.ndarray) -> tuple[dict[str, object], list[float]]:
    """Returns one log axis for both, over three whole decades or more, and its ends."""
    logs = np.log10(both) if both.size else np.zeros(1)
    low, high = min(np.floor(logs.min()), -2.0), max(np.ceil(logs.max()), 1.0)
    axis = {
        "type": "log",
        "exponentformat": "power",
        "range": [float(low), float(high)],
        "dtick": max(1, int(np.ceil((high - low) / 6))),
        "tick0": 0,
    }
    return axis, [10.0**low, 10.0**high]


def _guides(figure: go.Figure, ends: list[float], thresholds: object, theme: Theme) -> None:
    line = {"color": theme.muted, "width": 1.2}
    figure.add_scatter(x=ends, y=ends, mode="lines", line=line, hoverinfo="skip", showlegend=False)
    stated = thresholds if isinstance(thresholds, dict) else {}
    for name in ("vanishing_ratio", "exploding_ratio"):
        value = stated.get(name)
        if value is None or not ends[0] < value < ends[1]:
            continue
        for x, y in (([value, value], ends), (ends, [value, value])):
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                line={**line, "width": 1, "dash": "dot"},
                hoverinfo="skip",
                showlegend=False,
            )

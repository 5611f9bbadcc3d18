"""Losses of a few trials against their own first loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.log_axis import log_axis
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.figures.step_axis import step_axis
from analysis.trials.records import records

_ENDED_EARLY = ("nonfinite", "diverged")

_HIGHEST = 1e6
"""Diverged trials stop at this multiple of their first loss."""


def loss_curves(steps: pd.DataFrame, trials: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws loss over first loss by step, one line a trial, in the colour of its verdict.

    Args:
        steps: Rows of the steps table.
        trials: The trials to draw; `trial`, `verdict`, `outcome` and `loss_initial` are read.
        theme: Colours.
    """
    figure = new_figure(theme, height=320)
    lowest, highest, longest = 0.5, 2.0, 1
    for trial in records(trials):
        rows = steps[steps["trial"] == trial["trial"]].sort_values("step")
        loss = rows["loss"].to_numpy(dtype=np.float64, na_value=np.nan) / trial["loss_initial"]
        shown = np.isfinite(loss) & (loss > 0)
        if not shown.any():
            continue
        step, loss = rows["step"].to_numpy()[shown], loss[shown]
        lowest = min(lowest, loss.min())
        highest = min(max(highest, loss.max()), _HIGHEST)
        longest = max(longest, int(step.max()))
        figure.add_trace(_curve(trial, step, loss))
    figure.update_xaxes(step_axis(longest))
    axis = log_axis(float(np.log10(lowest)) - 0.1, float(np.log10(highest)) + 0.1)
    figure.update_yaxes(axis, title_text="loss / first loss")
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure


def _curve(trial: Mapping[str, Any], step: np.ndarray, loss: np.ndarray) -> go.Scatter:
    """Draws one trial's line; a cross ends it where it broke."""
    failed = trial["outcome"] in _ENDED_EARLY
    return go.Scatter(
        x=step + 1,
        y=loss,
        customdata=step,
        mode="lines+markers",
        line={"color": VERDICT_COLORS[trial["verdict"]], "width": 2},
        marker={
            "size": [4] * (len(step) - 1) + [11 if failed else 7],
            "symbol": ["circle"] * (len(step) - 1) + ["x" if failed else "circle"],
            "line": {"width": 0},
        },
        name=f"{trial['verdict']} (trial {trial['trial']})",
        hovertemplate="step %{customdata}<br>%{y:.3g} of the first loss",
    )

"""The size of the updates by step, one line a verdict."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.group_lines import add_band, add_line, set_log_range
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.figures.step_axis import step_axis


def update_sizes(sizes: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the size of an update over that of the parameters, median and quartiles by verdict.

    Args:
        sizes: What `analysis.step_sizes` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=320)
    for verdict, color in VERDICT_COLORS.items():
        rows = sizes[sizes["verdict"] == verdict].sort_values("step")
        if rows.empty:
            continue
        add_band(figure, rows["step"] + 1, rows["low"], rows["high"], color)
        add_line(figure, rows["step"] + 1, rows["ratio"], name=verdict, color=color, legend=True)
    figure.update_xaxes(step_axis(max(1, int(sizes["step"].max()) if len(sizes) else 1)))
    set_log_range(figure, sizes["ratio"], "update / parameters")
    return figure

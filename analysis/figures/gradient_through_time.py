"""The gradient over the time steps of recurrent networks, one line a group."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.group_lines import add_key, add_line, group_colors, set_log_range
from analysis.figures.palette import LIGHT, Theme
from analysis.trials.gradient_profiles import MOMENTS


def gradient_through_time(profiles: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the gradient at some time steps over that at the last one.

    By how many time steps lie between them: what shrinks by a factor at each step is a straight
    line downwards. Solid at initialization, dashed at the end of training.

    Args:
        profiles: What `analysis.time_profiles` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=320)
    colors = group_colors(profiles["value"])
    for (value, moment), rows in profiles.groupby(["value", "moment"], sort=False):
        first = moment == MOMENTS[0]
        add_line(
            figure,
            rows["back"],
            rows["ratio"],
            name=str(value) if first else f"{value}, {moment}",
            color=colors[str(value)],
            dash="solid" if first else "dash",
            legend=first,
            markers=True,
        )
    add_key(figure, {MOMENTS[0]: "solid", MOMENTS[1]: "dash"}, theme)
    figure.update_xaxes(title_text="time steps back from the last", showgrid=False)
    set_log_range(figure, list(profiles["ratio"]), "gradient / that of the last time step")
    return figure

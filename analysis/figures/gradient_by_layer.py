"""The gradient by layer, one line an activation (or initialization, ...)."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.group_lines import (
    add_band,
    add_key,
    add_line,
    group_colors,
    set_log_range,
)
from analysis.figures.palette import LIGHT, Theme
from analysis.trials.gradient_profiles import MOMENTS

_DASHES = {MOMENTS[0]: "solid", MOMENTS[1]: "dash"}


def gradient_by_layer(profiles: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the gradient by layer relative to the last hidden layer, one colour a group.

    Solid at initialization with its quartiles, dashed at the end of training, dotted as
    mean-field theory has it.

    Args:
        profiles: What `analysis.gradient_profiles` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=340)
    colors = group_colors(profiles["value"])
    for (value, moment), rows in profiles.groupby(["value", "moment"], sort=False):
        color, first = colors[str(value)], moment == MOMENTS[0]
        if first:
            add_band(figure, rows["layer"], rows["low"], rows["high"], color)
            if rows["theory"].notna().any():
                add_line(
                    figure,
                    rows["layer"],
                    rows["theory"],
                    name=f"{value}, theory",
                    color=color,
                    dash="dot",
                )
        add_line(
            figure,
            rows["layer"],
            rows["ratio"],
            name=str(value) if first else f"{value}, {moment}",
            color=color,
            dash=_DASHES[str(moment)],
            legend=first,
        )
    theory = {"theory": "dot"} if profiles["theory"].notna().any() else {}
    add_key(figure, {**_DASHES, **theory}, theme)
    figure.update_xaxes(title_text="hidden layer, from the input", showgrid=False)
    set_log_range(
        figure, [*profiles["ratio"], *profiles["theory"]], "gradient / that of the last layer"
    )
    return figure

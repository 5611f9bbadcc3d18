"""How much a map changed each time the trials doubled."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import percent
from analysis.trials.records import records
from search_spaces.settling import SETTLED


def settling_curve(settling: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the mean change of the probability of stable by the number of trials.

    What counts as settled, `SETTLED`, is dotted.

    Args:
        settling: What `analysis.map_settling` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=260)
    figure.add_hline(y=SETTLED, line={"color": theme.muted, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=settling["trials"],
        y=settling["change"],
        mode="lines+markers",
        line={"color": theme.text, "width": 1.6},
        marker={"size": 8, "color": theme.text},
        hovertext=[
            f"{row['before']:,} to {row['trials']:,} trials: {percent(row['change'])}"
            for row in records(settling)
        ],
        hoverinfo="text",
    )
    figure.update_xaxes(
        type="log",
        tickvals=settling["trials"],
        ticktext=[f"{number:,}" for number in settling["trials"]],
        title_text="trials, twice those before",
    )
    figure.update_yaxes(
        rangemode="tozero", tickformat=".0%", title_text="mean change of the probability"
    )
    return figure

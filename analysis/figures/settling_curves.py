"""How much the maps changed each time the trials doubled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import percent
from analysis.records import records
from analysis.settling import SETTLED

_LOOKS = (("solid", "circle"), ("dash", "diamond-open"), ("dot", "square"), ("dashdot", "x"))
"""Line and mark of each map; colours are the verdicts'."""


def settling_curves(settling: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Change of the probability of stable by the number of trials, one line a map.

    Args:
        settling: Rows of `analysis.map_settling` with `map`, the name of the line that each
            belongs to.
        theme: Colours.
    """
    figure = new_figure(theme, height=280)
    figure.add_hline(y=SETTLED, line={"color": theme.muted, "width": 1, "dash": "dot"})
    for place, (name, table) in enumerate(settling.groupby("map", sort=False)):
        dash, symbol = _LOOKS[place % len(_LOOKS)]
        figure.add_scatter(
            x=table["trials"],
            y=table["change"],
            mode="lines+markers",
            line={"color": theme.text, "width": 1.6, "dash": dash},
            marker={"size": 9, "color": theme.text, "symbol": symbol},
            name=literal(name, limit=40),
            hovertext=[
                f"{row['before']} to {row['trials']} trials: {percent(row['change'])}"
                for row in records(table)
            ],
            hoverinfo="text",
        )
    sizes = np.unique(settling["trials"])
    figure.update_xaxes(
        type="log",
        tickvals=sizes,
        ticktext=[f"{size:,}" for size in sizes],
        title_text="trials, twice those before",
    )
    figure.update_yaxes(
        rangemode="tozero", tickformat=".0%", title_text="mean change of the probability"
    )
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure

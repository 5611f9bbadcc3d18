"""The largest learning rate at which networks learn, by the size of a network or batch."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.figures.frame import new_figure, title
from analysis.figures.palette import LIGHT, Theme
from analysis.maps.edge_scaling import EdgeScaling
from analysis.trials.records import records


def edge_scaling(scaling: EdgeScaling, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the edge at each size with its interval, and the power law with its own.

    The prediction of the largest size from all others, where there is one, is an open diamond.

    Args:
        scaling: What `analysis.edge_scaling` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=300)
    table = scaling.sizes.dropna()
    if len(table) > 1:
        _add_law(figure, scaling, table["size"].to_numpy(), theme)
    figure.add_scatter(
        x=table["size"],
        y=table["edge"],
        error_y={
            "type": "data",
            "array": table["high"] - table["edge"],
            "arrayminus": table["edge"] - table["low"],
            "color": theme.text,
            "thickness": 1.4,
        },
        mode="markers",
        marker={"size": 8, "color": theme.text},
        hovertext=[
            f"{scaling.axis} {row['size']:g}: {row['edge']:.3g} "
            f"({row['low']:.3g} to {row['high']:.3g}), {row['trials']} trials"
            for row in records(table)
        ],
        hoverinfo="text",
    )
    _add_prediction(figure, scaling, theme)
    ticks = sorted(scaling.sizes["size"])
    figure.update_xaxes(
        type="log",
        tickvals=ticks,
        ticktext=[f"{size:g}" for size in ticks],
        title_text=title(scaling.axis),
    )
    figure.update_yaxes(type="log", title_text="largest learning rate that learns")
    return figure


def _add_law(
    figure: go.Figure, scaling: EdgeScaling, sizes: NDArray[np.float64], theme: Theme
) -> None:
    at = np.geomspace(sizes.min(), sizes.max(), 25)
    law = [scaling.predict(float(size)) for size in at]
    figure.add_scatter(
        x=[*at, *at[::-1]],
        y=[*(each.high for each in law), *(each.low for each in law[::-1])],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=theme.grid,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=at,
        y=[each.edge for each in law],
        mode="lines",
        line={"color": theme.muted, "width": 1.4},
        hoverinfo="skip",
    )


def _add_prediction(figure: go.Figure, scaling: EdgeScaling, theme: Theme) -> None:
    held = scaling.held_out
    if held is None:
        return
    figure.add_scatter(
        x=[held.predicted.size],
        y=[held.predicted.edge],
        mode="markers",
        marker={"size": 11, "symbol": "diamond-open", "color": theme.text},
        hovertext=[f"predicted from smaller ones: {held.predicted.edge:.3g}"],
        hoverinfo="text",
    )

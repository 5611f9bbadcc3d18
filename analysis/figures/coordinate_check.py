"""How sizes of activations, and of what training changed, follow the width."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme

_SCALE = "Viridis"


def coordinate_check(coordinates: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws root mean squares by width, a solid line of the change and a dotted one of the start.

    Horizontal lines are those of a parametrization that carries over to other widths.

    Args:
        coordinates: Rows of `study.engine.parametrizations.coordinates.coordinate_check`; of their
            steps the last is drawn, means over the seeds.
        theme: Colours.
    """
    figure = new_figure(theme, height=320)
    layers = sorted(coordinates["layer"].unique())
    colors = sample_colorscale(
        _SCALE, [0.1 + 0.8 * each / len(layers) for each in range(len(layers))]
    )
    start = coordinates[coordinates["step"] == 0]
    last = coordinates[coordinates["step"] == coordinates["step"].max()]
    for layer, color in zip(layers, colors, strict=True):
        for rows, column, dash, what in (
            (start, "activation_rms", "dot", "at the start"),
            (last, "change_rms", "solid", f"changed in {last['step'].iloc[0]} steps"),
        ):
            mine = rows[rows["layer"] == layer]
            means = mine.groupby("width")[column].mean()
            name = literal(mine["name"].iloc[0], limit=40)
            figure.add_scatter(
                x=list(means.index),
                y=list(means),
                name=name,
                legendgroup=name,
                showlegend=column == "change_rms",
                mode="lines+markers",
                line={"color": color, "dash": dash, "width": 1.6},
                marker={"size": 5, "color": color},
                hovertemplate=f"{name}, {what}: %{{y:.3g}} at width %{{x}}<extra></extra>",
            )
    widths = sorted(coordinates["width"].unique())
    figure.update_xaxes(type="log", tickvals=widths, ticktext=widths, title_text="width")
    figure.update_yaxes(type="log", title_text="root mean square (dotted: start; solid: change)")
    figure.update_layout(showlegend=True)
    return figure

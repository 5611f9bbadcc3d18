"""Gradients by layer of one trial, one line a recorded step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme, color_at


def layer_gradients(layers: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Root mean square of delta (the loss gradient by the pre-activation) by layer, log axis.

    Zeros and non-finite values have no place on a logarithmic axis; their lines have gaps there.

    Args:
        layers: Rows of one trial of the layers table.
        theme: Colours.
    """
    figure = new_figure(theme, height=330)
    steps = sorted(layers["step"].unique())
    places = np.log10(np.array(steps, dtype=np.float64) + 1)
    scale = places.max() if len(steps) and places.max() > 0 else 1.0
    figure.add_traces(
        [
            _line(
                layers[layers["step"] == step], int(step), color_at(theme.progress, place / scale)
            )
            for step, place in zip(steps, places, strict=True)
        ]
    )
    if len(steps) > 1:
        _step_scale(figure, steps, float(scale), theme)
    last = int(layers["layer"].max()) if len(layers) else 1
    figure.update_xaxes(
        title_text="layer, from the input",
        range=[1 - 0.03 * last, last * 1.03],
        dtick=max(1, round(last / 8)),
        tick0=1,
        showgrid=False,
    )
    figure.update_yaxes(**_decades(layers), title_text="rms of delta")
    return figure


def _line(layers: pd.DataFrame, step: int, color: str) -> go.Scatter:
    rows = layers.sort_values("layer")
    delta = rows["delta_rms"].to_numpy(dtype=np.float64, na_value=np.nan)
    return go.Scatter(
        x=rows["layer"],
        y=np.where((delta > 0) & np.isfinite(delta), delta, np.nan),
        mode="lines+markers",
        line={"color": color, "width": 1.8},
        marker={"size": 4},
        name=f"step {step}",
        text=[literal(name) for name in rows["name"]],
        hovertemplate="layer %{x} (%{text})<br>delta %{y:.2e}<extra>step " + f"{step}</extra>",
    )


def _decades(layers: pd.DataFrame) -> dict[str, object]:
    """A log axis over whole decades, two at the least: small differences should look small."""
    delta = layers["delta_rms"].to_numpy(dtype=np.float64, na_value=np.nan)
    drawn = np.log10(delta[(delta > 0) & np.isfinite(delta)])
    low, high = (np.floor(drawn.min()), np.ceil(drawn.max())) if drawn.size else (-1.0, 1.0)
    if high - low < 2:
        low, high = low - 1, low + 1 + (high > low)
    return {
        "type": "log",
        "exponentformat": "power",
        "range": [low - 0.05 * (high - low), high + 0.05 * (high - low)],
        "dtick": max(1, int(np.ceil((high - low) / 6))),
        "tick0": 0,
    }


def _step_scale(figure: go.Figure, steps: list[int], longest: float, theme: Theme) -> None:
    """A colour bar for the steps; an invisible point carries it."""
    marks = [step for step in (0, 10, 100, 1_000, 10_000, 100_000) if step <= steps[-1]]
    if marks[-1] < steps[-1]:
        marks = [*(mark for mark in marks if 2 * mark < steps[-1]), steps[-1]]
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        hoverinfo="skip",
        marker={
            "color": [0],
            "cmin": 0,
            "cmax": longest,
            "colorscale": [list(stop) for stop in theme.progress],
            "showscale": True,
            "colorbar": {
                "orientation": "h",
                "y": 1.01,
                "ypad": 2,
                "yanchor": "bottom",
                "x": 0.5,
                "len": 0.8,
                "thickness": 6,
                "outlinewidth": 0,
                "tickangle": 0,
                "tickvals": [float(np.log10(mark + 1)) for mark in marks],
                "ticktext": [f"{mark:,}" if mark else "step 0" for mark in marks],
                "tickfont": {"size": 11, "color": theme.muted},
            },
        },
    )

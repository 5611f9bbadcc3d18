"""The scale of the signal on its way through a network, from the inputs to the targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.log_axis import log_axis
from analysis.figures.palette import LIGHT, Theme

_LINES = 5
"""Steps that are drawn at most."""

_LABELS = 8
"""Layers whose number stands at the axis, at most."""


def layer_scales(
    layers: pd.DataFrame,
    *,
    inputs: float = np.nan,
    targets: float = np.nan,
    theme: Theme = LIGHT,
) -> go.Figure:
    """Draws the rms of what each layer puts out (its pre-activations), one line a step.

    Inputs stand before the first layer and targets behind the last, where their scale is known:
    a network at initialization is made for inputs of rms 1 and puts out numbers of about 1.

    Args:
        layers: Rows of one trial of the layers table.
        inputs: Root mean square of the inputs; NaN of tokens.
        targets: Root mean square of the targets; NaN of labels.
        theme: Colours.
    """
    figure = new_figure(theme, height=300)
    numbers = sorted(int(number) for number in layers["layer"].unique())
    places = {number: place for place, number in enumerate(numbers, start=1)}
    steps = _spaced(sorted(int(step) for step in layers["step"].unique()))
    drawn = [inputs, targets]
    for number, step in enumerate(steps):
        rows = layers[layers["step"] == step].sort_values("layer")
        rms = rows["preactivation_rms"].to_numpy(dtype=np.float64, na_value=np.nan)
        shown = np.isfinite(rms) & (rms > 0)
        drawn += list(rms[shown])
        color = theme.progress_at(number / max(1, len(steps) - 1))
        figure.add_scatter(
            x=[places[int(layer)] for layer in rows["layer"]],
            y=np.where(shown, rms, np.nan),
            text=[literal(name, limit=40) for name in rows["name"]],
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"size": 6, "color": color},
            name=f"step {step:,}",
            hovertemplate=f"%{{text}}, step {step:,}<br>rms %{{y:.3g}}<extra></extra>",
        )
    _add_data(figure, inputs, targets, behind=len(numbers) + 1, theme=theme)
    _label(figure, numbers, drawn, inputs=inputs, targets=targets)
    return figure


def _spaced(steps: Sequence[int]) -> list[int]:
    if len(steps) <= _LINES:
        return list(steps)
    stride = (len(steps) - 1) / (_LINES - 1)
    return [steps[round(number * stride)] for number in range(_LINES)]


def _add_data(
    figure: go.Figure, inputs: float, targets: float, *, behind: int, theme: Theme
) -> None:
    for name, place, rms in (("inputs", 0, inputs), ("targets", behind, targets)):
        if np.isfinite(rms) and rms > 0:
            figure.add_scatter(
                x=[place],
                y=[rms],
                mode="markers",
                marker={"size": 11, "symbol": "diamond", "color": theme.text},
                name=name,
                showlegend=False,
                hovertemplate=f"{name}<br>rms %{{y:.3g}}<extra></extra>",
            )


def _label(
    figure: go.Figure,
    numbers: Sequence[int],
    drawn: Sequence[float],
    *,
    inputs: float,
    targets: float,
) -> None:
    stride = max(1, -(-len(numbers) // _LABELS))
    ticks = {place: str(numbers[place - 1]) for place in range(1, len(numbers) + 1, stride)}
    if np.isfinite(inputs):
        ticks = {0: "inputs", **ticks}
    if np.isfinite(targets):
        ticks[len(numbers) + 1] = "targets"
    figure.update_xaxes(
        title_text="layer, from the input",
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        range=[min(ticks) - 0.4, max([*ticks, len(numbers)]) + 0.4],
        showgrid=False,
    )
    there = [value for value in drawn if np.isfinite(value) and value > 0] or [1.0]
    low, high = np.log10(min(there)), np.log10(max(there))
    spare = max(0.0, 1.0 - (high - low)) / 2 + 0.08 * max(high - low, 1.0)
    figure.update_yaxes(
        log_axis(float(low - spare), float(high + spare)), title_text="rms of the outputs"
    )
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )

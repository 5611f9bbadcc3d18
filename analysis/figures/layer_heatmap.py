"""Gradients by layer and step of one trial, as a heat map."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, MAGNITUDE, Theme

DECADES = (-10.0, 4.0)
"""Exponents of ten that the scale shows at most: beyond it is vanished, or exploded, anyway."""

_MAX_STEP_LABELS = 7


def layer_heatmap(
    layers: pd.DataFrame,
    *,
    decades: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
    colorbar: bool = True,
) -> go.Figure:
    """Draws the rms of delta (the loss gradient by the pre-activation) by layer and step.

    The input is at the bottom, so that gradients run downwards; colour is the logarithm, on
    cividis, which every colour vision orders alike. Values that were not finite carry a cross,
    exact zeros a ring; cells of steps or layers that were not recorded stay empty.

    Args:
        layers: Rows of one trial of the layers table.
        decades: Exponents of ten at the ends of the scale; by default those of these rows. Give
            the same to maps that are to be compared, see `delta_decades`.
        theme: Colours.
        colorbar: Whether to show the scale above the map.

    References:
        Nuñez, Anderton, Renslow, Optimizing colormaps with consideration for color vision
        deficiency, PLoS ONE 2018 (cividis).
    """
    steps = sorted(int(step) for step in layers["step"].unique())
    numbers = sorted(int(layer) for layer in layers["layer"].unique())
    delta, there = _grid(layers, numbers, steps)
    zero, broken = delta == 0, there & ~np.isfinite(delta)
    with np.errstate(divide="ignore", invalid="ignore"):
        height = np.where((delta > 0) & np.isfinite(delta), np.log10(delta), np.nan)
    low, high = decades or delta_decades(layers)
    figure = new_figure(theme, height=int(np.clip(130 + 15 * len(numbers), 240, 380)))
    names = layers.drop_duplicates("layer").set_index("layer")["name"].reindex(numbers)
    figure.add_heatmap(
        x=list(range(len(steps))),
        y=numbers,
        z=np.where(zero, low, height),
        zmin=low,
        zmax=high,
        colorscale=[list(stop) for stop in MAGNITUDE],
        xgap=1,
        ygap=1 if len(numbers) <= 40 else 0,
        hovertext=_hover(delta, there, numbers, steps, [str(name) for name in names]),
        hoverinfo="text",
        showscale=colorbar,
        colorbar=_scale(low, high, theme),
    )
    _mark(figure, zero, numbers, "circle-open", "#ffffff")
    _mark(figure, broken, numbers, "x", theme.text)
    _label(figure, numbers, steps)
    return figure


def _mark(
    figure: go.Figure, cells: NDArray[np.bool_], numbers: list[int], symbol: str, color: str
) -> None:
    y, x = np.nonzero(cells)
    figure.add_scatter(
        x=x,
        y=np.array(numbers)[y],
        mode="markers",
        marker={"symbol": symbol, "size": 6, "color": color, "line": {"width": 1}},
        hoverinfo="skip",
    )


def _label(figure: go.Figure, numbers: list[int], steps: list[int]) -> None:
    """Labels the axes: a few of the steps, which lie evenly, and a few of the layers."""
    stride = max(1, math.ceil(len(steps) / _MAX_STEP_LABELS))
    shown = list(range(0, len(steps), stride))
    figure.update_xaxes(
        title_text="step",
        tickvals=shown,
        ticktext=[f"{steps[index]:,}" for index in shown],
        range=[-0.5, max(len(steps), 1) - 0.5],
        showgrid=False,
    )
    last = numbers[-1] if numbers else 1
    figure.update_yaxes(
        title_text="layer, from the input",
        range=[(numbers[0] if numbers else 1) - 0.5, last + 0.5],
        dtick=max(1, math.ceil(len(numbers) / 8)),
        tick0=1,
        showgrid=False,
    )


def delta_decades(layers: pd.DataFrame) -> tuple[float, float]:
    """Exponents of ten that hold all positive finite deltas, within `DECADES`; two at least.

    Args:
        layers: Rows of the layers table, of one trial or more.
    """
    delta = layers["delta_rms"].to_numpy(dtype=np.float64, na_value=np.nan)
    exponents = np.log10(delta[(delta > 0) & np.isfinite(delta)])
    if not exponents.size:
        return -1.0, 1.0
    low = float(np.clip(math.floor(exponents.min()), DECADES[0], DECADES[1] - 2))
    high = float(np.clip(math.ceil(exponents.max()), low + 2, max(DECADES[1], low + 2)))
    return low, high


def _grid(
    layers: pd.DataFrame, numbers: list[int], steps: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns delta by layer and step [L, S], NaN for none, and where there is a row."""
    row = np.searchsorted(numbers, layers["layer"].to_numpy())
    column = np.searchsorted(steps, layers["step"].to_numpy())
    delta = np.full((len(numbers), len(steps)), np.nan)
    there = np.zeros(delta.shape, dtype=bool)
    delta[row, column] = layers["delta_rms"].to_numpy(dtype=np.float64, na_value=np.nan)
    there[row, column] = True
    return delta, there


def _scale(low: float, high: float, theme: Theme) -> dict[str, object]:
    stride = max(1, math.ceil((high - low) / 5))
    marks = np.arange(low, high + 0.5, stride)
    return {
        "orientation": "h",
        "title": {"text": "rms of delta", "side": "top", "font": {"size": 11}},
        "x": 0.5,
        "y": 1.02,
        "yanchor": "bottom",
        "len": 0.8,
        "thickness": 7,
        "outlinewidth": 0,
        "ypad": 2,
        "tickvals": marks.tolist(),
        "ticktext": [f"10<sup>{int(mark)}</sup>".replace("-", "−") for mark in marks],
        "tickfont": {"size": 11, "color": theme.muted},
    }


def _hover(
    delta: np.ndarray,
    there: np.ndarray,
    numbers: list[int],
    steps: list[int],
    names: list[str],
) -> list[list[str]]:
    def text(row: int, column: int) -> str:
        cell = f"layer {numbers[row]} ({literal(names[row], limit=40)}), step {steps[column]:,}"
        if not there[row, column]:
            return f"{cell}<br>not recorded"
        value = delta[row, column]
        size = "not finite" if not math.isfinite(value) else f"{value:.2e}" if value else "zero"
        return f"{cell}<br><b>delta {size}</b>"

    return [[text(row, column) for column in range(len(steps))] for row in range(len(numbers))]

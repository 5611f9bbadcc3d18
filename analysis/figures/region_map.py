"""The map: probability of a stable trial by cell of two hyperparameters."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.cell_axes import cell_text, map_height, probability_bar, set_cell_axes
from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import count_label, percent, percent_range
from analysis.trials.counts import VERDICTS
from analysis.trials.records import records

MAX_NUMBERED_CELLS = 15
"""With more cells along an axis, the numbers of trials would not fit into them."""


def region_map(regions: pd.DataFrame, *, theme: Theme = LIGHT, colorbar: bool = True) -> go.Figure:
    """Draws a heat map of the probability of `stable`, with the number of trials in each cell.

    Cells without a trial stay empty; the interval and the verdicts of a cell are in its hover
    text.

    Args:
        regions: What `analysis.stability_regions` returned.
        theme: Colours.
        colorbar: Whether to show the scale beside the map.
    """
    xs, ys = list(regions["x"].cat.categories), list(regions["y"].cat.categories)
    figure = new_figure(theme, height=map_height(len(ys)))
    shape = (len(xs), len(ys))
    figure.add_heatmap(
        x=list(range(len(xs))),
        y=list(range(len(ys))),
        z=regions["probability"].to_numpy().reshape(shape).T,
        zmin=0,
        zmax=1,
        colorscale=[list(stop) for stop in theme.probability],
        xgap=2,
        ygap=2,
        hovertext=np.array(_hover(regions), dtype=object).reshape(shape).T,
        hoverinfo="text",
        showscale=colorbar,
        colorbar=probability_bar(theme),
    )
    _number_cells(figure, regions, shape, theme)
    set_cell_axes(figure, regions)
    return figure


def _number_cells(
    figure: go.Figure, regions: pd.DataFrame, shape: tuple[int, int], theme: Theme
) -> None:
    if max(shape) > MAX_NUMBERED_CELLS:
        return
    colors = [
        theme.muted if math.isnan(share) else theme.ink_at(share)
        for share in regions["probability"]
    ]
    figure.add_scatter(
        x=regions["x"].cat.codes,
        y=regions["y"].cat.codes,
        mode="text",
        text=[str(number) if number else "·" for number in regions["trials"]],
        textfont={"size": 11, "color": colors},
        hoverinfo="skip",
    )


def _hover(regions: pd.DataFrame) -> list[str]:
    names = [literal(regions.attrs.get(axis) or axis) for axis in ("x", "y")]
    texts = []
    for row in records(regions):
        cell = cell_text(names, row)
        if not row["trials"]:
            texts.append(f"{cell}<br><b>no trial</b>")
            continue
        verdicts = ", ".join(f"{row[name]} {name}" for name in VERDICTS if row[name])
        texts.append(
            f"{cell}<br><b>{percent(row['probability'])} stable</b> "
            f"(95 % interval {percent_range(row['low'], row['high'])})"
            f"<br>{count_label(row['trials'], 'trial')}: {verdicts}"
        )
    return texts

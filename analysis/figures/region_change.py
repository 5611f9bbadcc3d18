"""How the probability of a stable trial changed, by cell of two hyperparameters."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.cell_axes import map_height, set_cell_axes
from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import percent, points
from analysis.trials.records import records

_MAX_NUMBERED_CELLS = 12


def region_change(cells: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws a heat map of the difference of the shares, after minus before.

    Each cell holds its difference in percentage points; a frame marks those that changed with
    evidence. Cells that one of the studies has no trial in stay empty, with a dot.

    Args:
        cells: What `analysis.comparison.compare_regions` returned.
        theme: Colours; brown is less stable than before, green more.
    """
    xs, ys = list(cells["x"].cat.categories), list(cells["y"].cat.categories)
    shape = (len(xs), len(ys))
    figure = new_figure(theme, height=map_height(len(ys)))
    difference = cells["difference"].to_numpy(dtype=np.float64)
    figure.add_heatmap(
        x=list(range(len(xs))),
        y=list(range(len(ys))),
        z=difference.reshape(shape).T,
        zmin=-1,
        zmax=1,
        colorscale=[list(stop) for stop in theme.probability],
        xgap=2,
        ygap=2,
        hovertext=np.array(_hover(cells), dtype=object).reshape(shape).T,
        hoverinfo="text",
        showscale=False,
    )
    x, y = cells["x"].cat.codes.to_numpy(), cells["y"].cat.codes.to_numpy()
    if max(shape) <= _MAX_NUMBERED_CELLS:
        figure.add_scatter(
            x=x,
            y=y,
            mode="text",
            text=["·" if math.isnan(change) else points(change) for change in difference],
            textfont={"size": 11, "color": [_ink(change, theme) for change in difference]},
            hoverinfo="skip",
        )
    for row in np.flatnonzero(cells["evidence"].to_numpy()):
        figure.add_shape(
            type="rect",
            x0=x[row] - 0.46,
            x1=x[row] + 0.46,
            y0=y[row] - 0.44,
            y1=y[row] + 0.44,
            line={"color": theme.text, "width": 2},
        )
    set_cell_axes(figure, cells)
    return figure


def _ink(difference: float, theme: Theme) -> str:
    if math.isnan(difference):
        return theme.muted
    return theme.ink_at((difference + 1) / 2)


def _hover(cells: pd.DataFrame) -> list[str]:
    x, y = (literal(cells.attrs[axis] or "", limit=40) for axis in ("x", "y"))
    texts = []
    for row in records(cells):
        cell = f"{x} {literal(row['x'], limit=40)}"
        cell += f"<br>{y} {literal(row['y'], limit=40)}" if y else ""
        sides = [
            f"{side}: {row[f'{side}_stable']} of {row[f'{side}_trials']} stable"
            f" ({percent(row[f'{side}_share'])})"
            if row[f"{side}_trials"]
            else f"{side}: no trial"
            for side in ("before", "after")
        ]
        change = ""
        if not math.isnan(row["difference"]):
            interval = f"{points(row['low'])} to {points(row['high'])}"
            change = f"<br><b>{points(row['difference'])} points</b> (95 % interval {interval})"
        texts.append("<br>".join([cell, *sides]) + change)
    return texts

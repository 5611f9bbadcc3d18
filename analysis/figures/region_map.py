"""The map: probability of a stable trial by cell of two hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.counts import VERDICTS
from analysis.figures.frame import literal, new_figure, title
from analysis.figures.palette import LIGHT, Theme, color_at, ink_on
from analysis.labels import count_label, number_label, percent, percent_range
from analysis.records import records

MAX_NUMBERED_CELLS = 15
"""With more cells along an axis, the numbers of trials would not fit into them."""

_MAX_EDGE_LABELS = 6


def region_map(regions: pd.DataFrame, *, theme: Theme = LIGHT, colorbar: bool = True) -> go.Figure:
    """Heat map of the probability of `stable`, with the number of trials in each cell.

    Cells without a trial stay empty; the interval and the verdicts of a cell are in its hover
    text.

    Args:
        regions: As of `analysis.stability_regions`.
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
        colorbar={
            "title": {"text": "stable", "side": "top"},
            "tickformat": ".0%",
            "thickness": 10,
            "outlinewidth": 0,
        },
    )
    _number_cells(figure, regions, shape, theme)
    has_y = ys != [""]
    figure.update_xaxes(
        **cell_ticks(xs, regions, "x"),
        title_text=title(regions.attrs.get("x", "x")),
        showgrid=False,
    )
    figure.update_yaxes(
        **cell_ticks(ys, regions, "y"),
        title_text=title(regions.attrs.get("y") or "y") if has_y else "",
        showgrid=False,
        showticklabels=has_y,
    )
    return figure


def _number_cells(
    figure: go.Figure, regions: pd.DataFrame, shape: tuple[int, int], theme: Theme
) -> None:
    if max(shape) > MAX_NUMBERED_CELLS:
        return
    colors = [
        theme.muted if math.isnan(share) else ink_on(color_at(theme.probability, share))
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
        place = f"{names[0]} {literal(row['x'])}"
        if row["y"] != "":
            place += f"<br>{names[1]} {literal(row['y'])}"
        if not row["trials"]:
            texts.append(f"{place}<br><b>no trial</b>")
            continue
        verdicts = ", ".join(f"{row[name]} {name}" for name in VERDICTS if row[name])
        texts.append(
            f"{place}<br><b>{percent(row['probability'])} stable</b> "
            f"(95 % interval {percent_range(row['low'], row['high'])})"
            f"<br>{count_label(row['trials'], 'trial')}: {verdicts}"
        )
    return texts


def map_height(rows: int) -> int:
    """Of a map with so many rows of cells, in CSS pixels."""
    return 86 + max(34 * rows, 60)


def cell_ticks(labels: Sequence[str], regions: pd.DataFrame, axis: str) -> dict[str, object]:
    """Ticks of an axis of cells: at the edges of bins that adjoin, else in the middle of cells.

    Args:
        labels: Of the cells, in their order.
        regions: With the labels' column and its edges, `<axis>_low` and `<axis>_high`.
        axis: "x" or "y".
    """
    cells = regions.drop_duplicates(axis).sort_values(axis)
    lows, highs = cells[f"{axis}_low"].to_numpy(), cells[f"{axis}_high"].to_numpy()
    bins = int((lows < highs).sum())
    whole = bool(np.all(lows[:bins] == np.round(lows[:bins])))
    ticks: dict[str, object] = {"range": [-0.5, len(labels) - 0.5], "ticks": ""}
    if not bins or whole:
        texts = [literal(label, limit=16) for label in labels]
        return {**ticks, "tickvals": list(range(len(labels))), "ticktext": texts}
    edges = [*lows[:bins], highs[bins - 1]]
    stride = math.ceil(bins / (_MAX_EDGE_LABELS - 1))
    stride = next(step for step in range(stride, bins + 1) if bins % step == 0)
    places = [place - 0.5 for place in range(0, bins + 1, stride)]
    texts = [number_label(edge) for edge in edges[::stride]]
    rest = range(bins, len(labels))
    return {
        **ticks,
        "tickvals": [*places, *rest],
        "ticktext": [*texts, *(literal(labels[place], limit=16) for place in rest)],
    }

"""The axes of maps over the cells of two hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, title
from analysis.figures.palette import Theme
from analysis.labels import number_label

_MAX_EDGE_LABELS = 6


def map_height(rows: int) -> int:
    """Returns the height of a map with so many rows of cells, in CSS pixels."""
    return 86 + max(34 * rows, 60)


def probability_bar(theme: Theme) -> dict[str, object]:
    """Returns the scale beside a map of the probability of `stable`."""
    return {
        "title": {
            "text": "probability of stable",
            "side": "right",
            "font": {"size": 12, "color": theme.muted},
        },
        "tickformat": ".0%",
        "dtick": 0.25,
        "thickness": 10,
        "outlinewidth": 0,
    }


def set_cell_axes(figure: go.Figure, regions: pd.DataFrame) -> None:
    """Labels both axes of a map; cells lie at 0, 1, 2, ... along them.

    Args:
        figure: The map.
        regions: Categories `x` and `y` with their edges, names in `attrs`, as
            `analysis.stability_regions` returns them; of a map of one hyperparameter the only y is
            "".
    """
    for axis, update in (("x", figure.update_xaxes), ("y", figure.update_yaxes)):
        labels = list(regions[axis].cat.categories)
        exists = labels != [""]
        update(
            **_ticks(labels, regions, axis),
            title_text=title(regions.attrs.get(axis) or axis) if exists else "",
            showgrid=False,
            showticklabels=exists,
        )


def cell_text(names: Sequence[str], row: Mapping[str, object]) -> str:
    """Says where a cell lies, for hovering; `names` of x and y, the row with its labels."""
    text = f"{names[0]} {literal(row['x'])}"
    return text if row["y"] == "" else f"{text}<br>{names[1]} {literal(row['y'])}"


def _ticks(labels: Sequence[str], regions: pd.DataFrame, axis: str) -> dict[str, object]:
    """Returns ticks of an axis of cells: at the edges of bins that adjoin, else in the middle of
    cells.

    Args:
        labels: Labels of the cells, in their order.
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
    # Every so many edges, so that the last edge is labelled too.
    stride = math.ceil(bins / (_MAX_EDGE_LABELS - 1))
    stride = next(step for step in range(stride, bins + 1) if bins % step == 0)
    at = [edge - 0.5 for edge in range(0, bins + 1, stride)]
    texts = [number_label(edge) for edge in edges[::stride]]
    rest = range(bins, len(labels))
    return {
        **ticks,
        "tickvals": [*at, *rest],
        "ticktext": [*texts, *(literal(labels[cell], limit=16) for cell in rest)],
    }

"""The smoothed map: probability of stable, the band of its boundary, theory's lines."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.cell_axes import cell_text, map_height, probability_bar, set_cell_axes
from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import number_label, percent, percent_range
from analysis.smoothing.surface import part_edges
from analysis.trials.records import records

_DASHES = {
    "trainable depth": "dash",
    "largest learning rate": "dot",
    "critical line": "dashdot",
}


def smoothed_map(
    surface: pd.DataFrame,
    regions: pd.DataFrame,
    theory: pd.DataFrame | None = None,
    *,
    theme: Theme = LIGHT,
    colorbar: bool = True,
) -> go.Figure:
    """Draws the smoothed probability of `stable` as a heat map, the boundary's band hatched.

    Args:
        surface: What `analysis.smoothed_surface` returned.
        regions: What `analysis.smoothed_regions` returned: the cells, for ticks and hover texts.
        theory: What `analysis.theory_lines` returned; None or empty draws none.
        theme: Colours.
        colorbar: Whether to show the scale beside the map.
    """
    xs, ys = list(regions["x"].cat.categories), list(regions["y"].cat.categories)
    figure = new_figure(theme, height=map_height(len(ys)))
    x_middles, y_middles = surface["x_place"].unique(), surface["y_place"].unique()
    shape = (len(x_middles), len(y_middles))
    figure.add_heatmap(
        x=_edges(x_middles),
        y=_edges(y_middles),
        z=np.round(surface["probability"].to_numpy().reshape(shape).T, 3),
        zmin=0,
        zmax=1,
        colorscale=[list(stop) for stop in theme.probability],
        showscale=colorbar,
        colorbar=probability_bar(theme),
        hoverinfo="skip",
    )
    _band(figure, surface, shape, theme)
    lines = theory if theory is not None and len(theory) else None
    if lines is not None:
        _theory(figure, lines, regions, theme)
    _cells(figure, regions, len(xs), len(ys))
    set_cell_axes(figure, regions)
    return figure


def _edges(middles: np.ndarray) -> np.ndarray:
    # Rounded: so many digits would double the page's size.
    return np.round(part_edges(middles), 4)


def _band(figure: go.Figure, surface: pd.DataFrame, shape: tuple[int, int], theme: Theme) -> None:
    """Draws hatched runs of each row, and the outline of all."""
    inside = (surface["sure"] == "boundary").to_numpy().reshape(shape).T
    if not inside.any():
        return
    x, y = _edges(surface["x_place"].unique()), _edges(surface["y_place"].unique())
    left, right, level = [], [], []
    for row, line in enumerate(inside):
        change = np.diff(np.concatenate([[0], line.astype(int), [0]]))
        left += np.flatnonzero(change == 1).tolist()
        right += np.flatnonzero(change == -1).tolist()
        level += [row] * int((change == 1).sum())
    boxes_x = [v for a, b in zip(left, right, strict=True) for v in (x[a], x[b], x[b], x[a], None)]
    boxes_y = [v for r in level for v in (y[r], y[r], y[r + 1], y[r + 1], None)]
    figure.add_scatter(
        x=boxes_x,
        y=boxes_y,
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor="rgba(0,0,0,0)",
        fillpattern={
            "shape": "/",
            "size": 6,
            "solidity": 0.16,
            "fgcolor": theme.text,
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverinfo="skip",
        showlegend=False,
    )
    outline_x, outline_y = _outline(inside, x, y)
    figure.add_scatter(
        x=outline_x,
        y=outline_y,
        mode="lines",
        line={"width": 1.4, "color": theme.text},
        hoverinfo="skip",
        showlegend=False,
    )


def _outline(
    inside: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[list[float | None], list[float | None]]:
    """Returns the sides of parts of the band that no two parts share, as line segments."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    # A side belongs to the outline where the band is on one side of it alone.
    padded = np.pad(inside, 1)
    for row, column in zip(*np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1]), strict=True):
        xs += [x[column], x[column + 1], None]
        ys += [y[row], y[row], None]
    for row, column in zip(*np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1]), strict=True):
        xs += [x[column], x[column], None]
        ys += [y[row], y[row + 1], None]
    return xs, ys


def _theory(figure: go.Figure, lines: pd.DataFrame, regions: pd.DataFrame, theme: Theme) -> None:
    for (line, on), rows in lines.groupby(["line", "on"], sort=False):
        axis = "x" if on == regions.attrs.get("x") else "y"
        positions = _positions(rows["value"].to_numpy(dtype=np.float64), regions, axis)
        across: list[float | None] = []
        along: list[float | None] = []
        texts: list[str] = []
        last = None
        for row, position in zip(records(rows), positions, strict=True):
            if not math.isfinite(position):
                continue
            text = (
                f"{line}, as theory has it: {number_label(row['value'])}"
                f"<br>half of {row['trials']} trials: {number_label(row['low'])} to "
                f"{number_label(row['high'])}"
            )
            # A cell of which theory says nothing interrupts the line.
            if last is not None and row["cell"] != last + 1:
                across, along, texts = [*across, None], [*along, None], [*texts, ""]
            last = row["cell"]
            across += [row["cell"] - 0.5, row["cell"] + 0.5]
            along += [position, position]
            texts += [text, text]
        x, y = (along, across) if axis == "x" else (across, along)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=str(line),
            line={"color": theme.text, "width": 2.4, "dash": _DASHES[str(line)]},
            hovertext=texts,
            hoverinfo="text",
            showlegend=True,
        )
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    )


def _positions(values: np.ndarray, regions: pd.DataFrame, axis: str) -> np.ndarray:
    """Returns where numbers lie along an axis of cells; NaN beyond it."""
    table = regions.drop_duplicates(axis).sort_values(axis)
    lows, highs = table[f"{axis}_low"].to_numpy(), table[f"{axis}_high"].to_numpy()
    finite = np.isfinite(lows) & np.isfinite(highs)
    lows, highs = lows[finite], highs[finite]
    if not len(lows):
        return np.full(len(values), np.nan)
    bins = bool((lows < highs).any())
    known = np.append(lows, highs[-1]) if bins else lows
    positions = np.arange(len(known)) - (0.5 if bins else 0.0)
    if not bins and len(known) > 1:
        # Half a cell is left at both ends of a list of numbers.
        known = np.concatenate([[known[0] ** 1.5 / known[1] ** 0.5], known])
        known = np.append(known, known[-1] ** 1.5 / known[-2] ** 0.5)
        positions = np.concatenate([[-0.5], positions, [positions[-1] + 0.5]])
    if (known > 0).all():
        known, values = np.log(known), np.log(np.maximum(values, 1e-300))
    if (np.diff(known) <= 0).any():
        return np.full(len(values), np.nan)
    return np.interp(values, known, positions, left=np.nan, right=np.nan)


def _cells(figure: go.Figure, regions: pd.DataFrame, width: int, height: int) -> None:
    """Draws invisible cells that show their numbers on hovering."""
    texts = np.array(_hover(regions), dtype=object).reshape(width, height).T
    figure.add_heatmap(
        x=list(range(width)),
        y=list(range(height)),
        z=np.zeros((height, width)),
        opacity=0,
        showscale=False,
        hovertext=texts,
        hoverinfo="text",
    )


def _hover(regions: pd.DataFrame) -> list[str]:
    names = [literal(regions.attrs.get(axis) or axis) for axis in ("x", "y")]
    texts = []
    for row in records(regions):
        cell = cell_text(names, row)
        interval = percent_range(row["smoothed_low"], row["smoothed_high"])
        texts.append(
            f"{cell}<br><b>{percent(row['smoothed'])} stable</b>, smoothed "
            f"(95 % interval {interval})<br>{row['stable']} of {row['trials']} trials were"
        )
    return texts

"""What single changes fix, with intervals: a forest plot."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.labels import percent
from analysis.trials.records import records

_ROW = 58
_LABEL = 46
"""Letters of a change that a phone has room for."""


def remedy_forest(table: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws one row a change: the share of the failures that it fixes, with its interval.

    The mark has the colour of the verdict that it fixes.

    Args:
        table: Rows of `analysis.remedies`, as many as are to be drawn.
        theme: Colours.
    """
    figure = new_figure(theme, height=64 + _ROW * max(1, len(table)))
    low = min(0.0, float(table["low"].min()) if len(table) else 0.0)
    figure.add_vline(x=0, line={"color": theme.muted, "width": 1, "dash": "dot"})
    for height, row in enumerate(records(table)):
        _effect(figure, height, row, theme)
        _name(figure, height, row, theme)
    figure.update_xaxes(
        range=[low - 0.04, 1.04],
        tickformat=".0%",
        title_text="share of these failures that is fixed",
    )
    figure.update_yaxes(range=[len(table) - 0.4, -0.85], visible=False)
    return figure


def _effect(figure: go.Figure, height: int, row: dict[str, Any], theme: Theme) -> None:
    color = VERDICT_COLORS.get(row["verdict"], theme.text)
    figure.add_scatter(
        x=[row["share"]],
        y=[height],
        mode="markers",
        marker={"size": 11, "color": color, "line": {"width": 1, "color": theme.paper}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [row["high"] - row["share"]],
            "arrayminus": [row["share"] - row["low"]],
            "color": theme.text,
            "thickness": 1.4,
            "width": 5,
        },
        hovertext=[_hover(row)],
        hoverinfo="text",
    )


def _name(figure: go.Figure, height: int, row: dict[str, Any], theme: Theme) -> None:
    """Writes the change above its mark, at the left."""
    figure.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=height - 0.22,
        yanchor="bottom",
        text=f"<b>{literal(change_label(row), limit=_LABEL)}</b><br>{_of(row)}",
        align="left",
        showarrow=False,
        # Not crossed by the line of no effect.
        bgcolor=theme.paper,
        borderpad=1,
        font={"size": 12, "color": theme.text},
    )


def change_label(row: dict[str, object]) -> str:
    """Writes a change in words: `clip norm: none → 1`, `learning rate: a factor 10 smaller`."""
    name = str(row["hyperparameter"]).replace("_", " ")
    if row["from"] == "any":
        return f"{name}: {row['to']}"
    return f"{name}: {row['from']} → {row['to']}"


def _of(row: dict[str, object]) -> str:
    return "any failure" if row["verdict"] == "any" else str(row["verdict"])


def _hover(row: dict[str, object]) -> str:
    return (
        f"<b>{literal(change_label(row))}</b><br>{row['healed']} of {row['failing']} "
        f"{row['verdict'] if row['verdict'] != 'any' else 'failing'} trials fixed, "
        f"{row['undone']} undone<br>{percent(float(str(row['share'])))} "
        f"({percent(float(str(row['low'])))} to {percent(float(str(row['high'])))})"
    )

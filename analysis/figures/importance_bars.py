"""How much goes with each hyperparameter, as bars with intervals."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import percent
from analysis.trials.records import records


def importance_bars(table: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws one bar a hyperparameter, or pair, with its interval.

    Args:
        table: What `analysis.stability_importance` returned (`importance`, `low`, `high`), or
            `analysis.stability_interactions` (`interaction`, ...).
        theme: Colours.
    """
    pairs = "interaction" in table.columns
    value = "interaction" if pairs else "importance"
    low, high = (f"{value}_low", f"{value}_high") if pairs else ("low", "high")
    names = _names(table, ("x", "y") if pairs else ("x",))
    # Noise can push an estimate below 0, where no bar of a share can go.
    shown = table[value].clip(lower=0)
    figure = new_figure(theme, height=86 + 30 * max(1, len(table)))
    figure.add_bar(
        x=shown,
        y=list(range(len(table))),
        orientation="h",
        width=0.6,
        marker={"color": theme.bar},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (table[high] - shown).clip(lower=0),
            "arrayminus": (shown - table[low].clip(lower=0)).clip(lower=0),
            "color": theme.text,
            "thickness": 1.3,
            "width": 4,
        },
        hovertext=[
            f"<b>{name}</b><br>{percent(max(0.0, row[value]))} "
            f"({percent(max(0.0, row[low]))} to {percent(max(0.0, row[high]))})"
            for name, row in zip(names, records(table), strict=True)
        ],
        hoverinfo="text",
    )
    _label(figure, names, float(table[high].max()) if len(table) else 1.0)
    return figure


def _names(table: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    return [
        literal(" × ".join(str(row[column]).replace("_", " ") for column in columns), limit=30)
        for row in records(table)
    ]


def _label(figure: go.Figure, names: list[str], largest: float) -> None:
    """Labels the axes; the first bar is at the top."""
    figure.update_xaxes(
        range=[0, max(0.05, largest) * 1.06],
        tickformat=".0%",
        title_text="share of the variance of being stable",
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )

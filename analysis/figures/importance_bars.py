"""How much goes with each hyperparameter, as bars with intervals."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import literal, new_figure
from analysis.figures.palette import LIGHT, Theme
from analysis.labels import percent
from analysis.trials.records import records

BAR = {"light": "#2f6db3", "dark": "#6fa3da"}
"""One blue, none of the verdicts' colours."""


def importance_bars(table: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """One bar a hyperparameter, or pair, with its interval.

    Args:
        table: As of `analysis.stability_importance` (`importance`, `low`, `high`), or of
            `analysis.stability_interactions` (`interaction`, ...).
        theme: Colours.
    """
    pairs = "interaction" in table.columns
    value = "interaction" if pairs else "importance"
    low, high = (f"{value}_low", f"{value}_high") if pairs else ("low", "high")
    rows = records(table)
    names = [
        literal(
            " × ".join(str(row[key]).replace("_", " ") for key in (("x", "y") if pairs else "x")),
            limit=30,
        )
        for row in rows
    ]
    shown = table[value].clip(lower=0)
    figure = new_figure(theme, height=86 + 30 * max(1, len(rows)))
    figure.add_bar(
        x=shown,
        y=list(range(len(rows))),
        orientation="h",
        width=0.6,
        marker={"color": BAR[theme.name]},
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
            for name, row in zip(names, rows, strict=True)
        ],
        hoverinfo="text",
    )
    widest = max(0.05, float(table[high].max()) if len(rows) else 1.0)
    figure.update_xaxes(
        range=[0, widest * 1.06],
        tickformat=".0%",
        title_text="share of the variance of being stable",
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=names,
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    return figure

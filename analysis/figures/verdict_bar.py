"""How many trials came to each verdict, as bars with intervals."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.labels import count_label, percent, percent_range
from analysis.trials.records import records


def verdict_bar(counts: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the share of the trials by verdict, with Wilson intervals.

    Args:
        counts: What `analysis.verdict_counts` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=40 + 38 * len(counts))
    above, below = counts["high"] - counts["share"], counts["share"] - counts["low"]
    hover = [
        f"<b>{row['verdict']}</b><br>{count_label(row['trials'], 'trial')}, "
        f"{percent(row['share'])}"
        f"<br>95 % interval {percent_range(row['low'], row['high'])}"
        for row in records(counts)
    ]
    figure.add_bar(
        x=counts["share"],
        y=counts["verdict"],
        orientation="h",
        width=0.62,
        marker={"color": [VERDICT_COLORS[verdict] for verdict in counts["verdict"]]},
        error_x={
            "array": above,
            "arrayminus": below,
            "color": theme.text,
            "thickness": 1.2,
            "width": 4,
        },
        hovertext=hover,
        hoverinfo="text",
    )
    figure.add_scatter(
        x=counts["high"],
        y=counts["verdict"],
        mode="text",
        text=[f"  {row['trials']:,} · {percent(row['share'])}" for row in records(counts)],
        textposition="middle right",
        textfont={"color": theme.text},
        hoverinfo="skip",
        cliponaxis=False,
    )
    widest = float(counts["high"].max())
    figure.update_xaxes(range=[0, min(widest * 1.65, 1.65)], visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure

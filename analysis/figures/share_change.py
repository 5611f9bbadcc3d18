"""Shares of the verdicts in two studies."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.labels import percent, percent_range
from analysis.stats.intervals import wilson_interval
from analysis.trials.records import records


def share_change(
    verdicts: pd.DataFrame, of_before: int, of_after: int, *, theme: Theme = LIGHT
) -> go.Figure:
    """A ring for the share before, a disc for the share after, with Wilson intervals.

    Args:
        verdicts: As of `analysis.comparison.compare_verdicts`.
        of_before: Trials of the first study that are compared.
        of_after: Of the second.
        theme: Colours.
    """
    figure = new_figure(theme, height=70 + 46 * len(verdicts))
    colors = [VERDICT_COLORS[name] for name in verdicts["verdict"]]
    for side, of, lift, symbol in (
        ("before", of_before, 0.16, "circle-open"),
        ("after", of_after, -0.16, "circle"),
    ):
        share = verdicts[f"{side}_share"]
        low, high = wilson_interval(verdicts[side], of)
        hover = [
            f"<b>{row['verdict']}</b> {side}: {row[side]:,} of {of:,}, "
            f"{percent(row[f'{side}_share'])}<br>95 % interval {percent_range(lowest, highest)}"
            for row, lowest, highest in zip(records(verdicts), low, high, strict=True)
        ]
        figure.add_scatter(
            x=share,
            y=[place + lift for place in range(len(verdicts), 0, -1)],
            mode="markers",
            name=side,
            marker={
                "symbol": symbol,
                "size": 11,
                "color": colors,
                "line": {"width": 2, "color": colors},
            },
            error_x={
                "array": high - share,
                "arrayminus": share - low,
                "color": theme.muted,
                "thickness": 1.1,
                "width": 3,
            },
            hovertext=hover,
            hoverinfo="text",
            showlegend=False,
        )
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=side,
            marker={
                "symbol": symbol,
                "size": 10,
                "color": theme.text,
                "line": {"width": 2, "color": theme.text},
            },
            hoverinfo="skip",
        )
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", dtick=0.25)
    figure.update_yaxes(
        tickvals=list(range(len(verdicts), 0, -1)),
        ticktext=list(verdicts["verdict"]),
        range=[0.4, len(verdicts) + 0.6],
        showgrid=False,
        ticks="",
    )
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )
    return figure

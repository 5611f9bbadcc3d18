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
    """Draws a ring for the share before, a disc for the share after, with Wilson intervals.

    Args:
        verdicts: What `analysis.comparison.compare_verdicts` returned.
        of_before: Trials of the first study that are compared.
        of_after: Trials of the second study that are compared.
        theme: Colours.
    """
    figure = new_figure(theme, height=70 + 46 * len(verdicts))
    for side, of, lift, symbol in (
        ("before", of_before, 0.16, "circle-open"),
        ("after", of_after, -0.16, "circle"),
    ):
        heights = [height + lift for height in range(len(verdicts), 0, -1)]
        _shares(figure, verdicts, side, of, heights, symbol, theme)
        _legend(figure, side, symbol, theme)
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


def _shares(
    figure: go.Figure,
    verdicts: pd.DataFrame,
    side: str,
    of: int,
    heights: list[float],
    symbol: str,
    theme: Theme,
) -> None:
    """Draws the shares of one study, each verdict in its colour."""
    colors = [VERDICT_COLORS[name] for name in verdicts["verdict"]]
    share = verdicts[f"{side}_share"]
    low, high = wilson_interval(verdicts[side], of)
    figure.add_scatter(
        x=share,
        y=heights,
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
        hovertext=[
            f"<b>{row['verdict']}</b> {side}: {row[side]:,} of {of:,}, "
            f"{percent(row[f'{side}_share'])}<br>95 % interval {percent_range(lowest, highest)}"
            for row, lowest, highest in zip(records(verdicts), low, high, strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )


def _legend(figure: go.Figure, side: str, symbol: str, theme: Theme) -> None:
    """Adds a study to the legend, in no verdict's colour."""
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

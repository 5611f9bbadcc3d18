"""Predicted probabilities against what then happened, on trials held out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.palette import LIGHT, VERDICT_COLORS, Theme
from analysis.labels import count_label, percent, percent_range
from analysis.trials.records import records


def reliability_plot(bins: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws one mark a bin of predicted probability; on the diagonal both agree.

    Args:
        bins: What `analysis.reliability` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=330)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": theme.muted, "width": 1.2},
        hoverinfo="skip",
    )
    largest = max(int(bins["trials"].max()), 1) if len(bins) else 1
    hover = [
        f"said {percent(row['predicted'])}, were {percent(row['observed'])} "
        f"(95 % interval {percent_range(row['low'], row['high'])})"
        f"<br>{row['stable']} of {count_label(row['trials'], 'trial')}"
        for row in records(bins)
    ]
    figure.add_scatter(
        x=bins["predicted"],
        y=bins["observed"],
        mode="markers",
        error_y={
            "array": bins["high"] - bins["observed"],
            "arrayminus": bins["observed"] - bins["low"],
            "color": theme.text,
            "thickness": 1.2,
            "width": 3,
        },
        marker={
            "color": VERDICT_COLORS["stable"],
            "size": 6 + 10 * (bins["trials"] / largest) ** 0.5,
            "line": {"color": theme.paper, "width": 1},
        },
        hovertext=hover,
        hoverinfo="text",
    )
    axis = {"range": [-0.03, 1.03], "tickformat": ".0%", "dtick": 0.25}
    figure.update_xaxes(**axis, title_text="probability of stable, as the map says")
    figure.update_yaxes(**axis, title_text="share that was stable")
    return figure

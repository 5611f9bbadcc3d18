"""What all figures share: fonts, margins, axes, and text that plotly takes literally."""

from __future__ import annotations

import html
from collections.abc import Mapping

import plotly.graph_objects as go

from analysis.figures.palette import Theme

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial"


def literal(text: object, *, limit: int | None = None) -> str:
    """Escapes text so that plotly shows it as it is: `<b>` or `<a href>` would be markup.

    Args:
        text: Any text that a person wrote.
        limit: Longer text is cut to this many characters and ends in an ellipsis.
    """
    shown = str(text)
    if limit is not None and len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    return html.escape(shown, quote=False)


def title(name: str) -> str:
    """Returns a hyperparameter's name as an axis title."""
    return literal(name.replace("_", " "), limit=40)


def row_headers(figure: go.Figure, heights: Mapping[str, float], theme: Theme) -> None:
    """Writes headers within a figure of rows, at the left.

    Args:
        figure: The figure.
        heights: Position along y by text, which plotly is to show literally.
        theme: Colours.
    """
    for text, height in heights.items():
        figure.add_annotation(
            text=f"<b>{literal(text, limit=40)}</b>",
            x=0,
            xref="paper",
            xanchor="left",
            y=height,
            yanchor="middle",
            showarrow=False,
            font={"size": 12, "color": theme.text},
        )


def new_figure(theme: Theme, *, height: int) -> go.Figure:
    """Makes an empty figure on a transparent ground, as wide as the page lets it be.

    Args:
        theme: Colours.
        height: Height in CSS pixels.
    """
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "tickcolor": theme.grid,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "title": {"standoff": 10, "font": {"size": 12, "color": theme.muted}},
    }
    layout = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": theme.text},
        "hoverlabel": {
            "bgcolor": theme.paper,
            "bordercolor": theme.muted,
            "font": {"family": FONT, "size": 12, "color": theme.text},
            "align": "left",
        },
        "showlegend": False,
        # A finger that moves over a figure scrolls the page.
        "dragmode": False,
        "xaxis": axis,
        "yaxis": axis,
    }
    figure = go.Figure(layout=layout)
    # The default template would come along with every figure.
    figure.layout.template = None
    return figure

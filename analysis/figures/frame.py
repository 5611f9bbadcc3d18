"""What all figures share: fonts, margins, axes, and text that plotly takes literally."""

from __future__ import annotations

import html
from collections.abc import Mapping

import plotly.graph_objects as go

from analysis.figures.palette import Theme

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial"


def literal(text: object, *, limit: int | None = None) -> str:
    """Text that plotly shows as it is: it would take `<b>` or `<a href>` for markup.

    Args:
        text: Any text that a person wrote.
        limit: Longer text is cut to this many characters and ends in an ellipsis.
    """
    shown = str(text)
    if limit is not None and len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    return html.escape(shown, quote=False)


def title(name: str) -> str:
    """A hyperparameter's name as an axis title."""
    return literal(name.replace("_", " "), limit=40)


def row_headers(figure: go.Figure, places: Mapping[str, float], theme: Theme) -> None:
    """Headers within a figure of rows, at the left.

    Args:
        figure: The figure.
        places: Vertical place by text, which plotly takes literally.
        theme: Colours.
    """
    for text, place in places.items():
        figure.add_annotation(
            text=f"<b>{literal(text, limit=40)}</b>",
            x=0,
            xref="paper",
            xanchor="left",
            y=place,
            yanchor="middle",
            showarrow=False,
            font={"size": 12, "color": theme.text},
        )


def new_figure(theme: Theme, *, height: int) -> go.Figure:
    """An empty figure on a transparent ground; its width is that of its place.

    Args:
        theme: Colours.
        height: In CSS pixels.
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

"""A figure on the page: drawn once for both themes, described in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import plotly.graph_objects as go
from markupsafe import Markup

from analysis.figures.either_theme import EITHER, colors_in
from analysis.figures.palette import DARK, LIGHT, Theme


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as the page's templates take it.

    Attributes:
        id: Unique on the page.
        data: JSON `{"colors": {"light": {name: colour}, "dark": ...}, "figure": ...}`, safe inside
            a script element; the figure's colours are names.
        height: Height in CSS pixels, so that the page does not jump when it is drawn.
        alt: What is to be seen, for those who do not see it.
        caption: Plain text below the figure; may be empty.
        draw: Makes it as images have it.
    """

    id: str
    data: Markup
    height: int
    alt: str
    caption: str
    draw: Callable[[Theme], go.Figure] = field(repr=False, compare=False)

    @cached_property
    def figure(self) -> go.Figure:
        """The light one as images have it, drawn when it is first asked for."""
        return self.draw(LIGHT)


def picture(
    id: str,
    draw: Callable[[Theme], go.Figure],
    *,
    alt: str,
    caption: str = "",
    alone: Callable[[Theme], go.Figure] | None = None,
) -> Picture:
    """Draws a figure for the page, whichever its theme will be.

    Args:
        id: Unique on the page.
        draw: Makes the figure.
        alt: What is to be seen.
        caption: Plain text below it.
        alone: Makes it for images, where these need what stands beside it on the page (a map's
            scale of colours).
    """
    figure = draw(EITHER)
    drawn = figure.to_json()
    colors = {theme.name: colors_in(drawn, theme) for theme in (LIGHT, DARK)}
    data = f'{{"colors":{json.dumps(colors)},"figure":{drawn}}}'
    # Inside a script element, only "<" could end it early (or open a comment).
    safe = Markup(data.replace("<", "\\u003c"))
    return Picture(
        id=id,
        data=safe,
        height=int(figure.layout.height),
        alt=alt,
        caption=caption,
        draw=alone or draw,
    )

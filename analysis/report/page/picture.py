"""A figure on the page: drawn for both themes, described in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import plotly.graph_objects as go
from markupsafe import Markup

from analysis.figures.palette import DARK, LIGHT, Theme


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as the page's templates take it.

    Attributes:
        id: Unique on the page.
        data: JSON `{"light": figure, "dark": figure}`, safe inside a script element.
        height: Height in CSS pixels, so that the page does not jump when it is drawn.
        alt: What is to be seen, for those who do not see it.
        caption: Plain text below the figure; may be empty.
        figure: The light one as images have it.
    """

    id: str
    data: Markup
    height: int
    alt: str
    caption: str
    figure: go.Figure = field(repr=False, compare=False)


def picture(
    id: str,
    draw: Callable[[Theme], go.Figure],
    *,
    alt: str,
    caption: str = "",
    alone: Callable[[Theme], go.Figure] | None = None,
) -> Picture:
    """Draws a figure for both themes.

    Args:
        id: Unique on the page.
        draw: Makes the figure.
        alt: What is to be seen.
        caption: Plain text below it.
        alone: Makes it for images, where these need what stands beside it on the page (a map's
            scale of colours).
    """
    light, dark = draw(LIGHT), draw(DARK)
    data = f'{{"light":{light.to_json()},"dark":{dark.to_json()}}}'
    # Inside a script element, only "<" could end it early (or open a comment).
    safe = Markup(data.replace("<", "\\u003c"))
    return Picture(
        id=id,
        data=safe,
        height=int(light.layout.height),
        alt=alt,
        caption=caption,
        figure=light if alone is None else alone(LIGHT),
    )

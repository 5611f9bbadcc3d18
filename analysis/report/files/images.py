"""The page's figures as PNG and SVG files, drawn by a browser that is there."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, get_args

import plotly.graph_objects as go

from analysis.errors import AnalysisError, FigureError, NoBrowser
from analysis.figures.palette import LIGHT
from analysis.labels import count_label
from analysis.report.files.browser import FigureBrowser
from analysis.report.page.picture import Picture

ImageFormat = Literal["png", "svg"]

FOLDER = "figures"

_Order = tuple[go.Figure, list[Path]]

WIDTH = 860
"""CSS pixels: about a page's column, so that letters have the size they have on the page."""

PNG_SCALE = 2
"""Pixels of a PNG for each of these, so that print and dense screens are sharp."""

_MARGIN = 12
_LEAVE_S = 5.0
_CURE = "install Chromium or Chrome (or name one in BROWSER_PATH), or leave images out"


@dataclass(frozen=True, kw_only=True)
class Images:
    """What became of the images.

    Attributes:
        files: Paths within the report's folder, by the id of the page's figure.
        notice: Why some are missing and what helps, in one line; "" if none is.
    """

    files: dict[str, tuple[str, ...]]
    notice: str = ""


class ImageWriter:
    """Draws images in a thread of its own, so that a browser works while the report goes on.

    Args:
        folder: Of the report; the images go to `figures/` in it.
        formats: Image formats; none draws nothing and starts no browser.
    """

    def __init__(self, folder: Path, formats: Sequence[ImageFormat]) -> None:
        self._folder = folder
        self._formats = formats
        self._pictures: list[Picture] = []
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._failure = ""
        self._thread = threading.Thread(target=self._draw, name="images", daemon=True)

    def __enter__(self) -> ImageWriter:
        if self._formats:
            (self._folder / FOLDER).mkdir()
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        # After an error its folder goes away: give the browser a moment to end by itself.
        self._orders.put(None)
        if self._formats:
            self._thread.join(_LEAVE_S)

    def add(self, picture: Picture) -> None:
        """Has a figure of the page drawn; its light version."""
        self._pictures.append(picture)
        paths = [self._folder / path for path in self._paths()[picture.id]]
        if paths:
            self._orders.put((picture.figure, paths))

    def finish(self) -> Images:
        """Waits for the images."""
        self._orders.put(None)
        if self._formats:
            self._thread.join()
        files = {
            id: tuple(path for path in paths if (self._folder / path).is_file())
            for id, paths in self._paths().items()
        }
        drawn = {id: paths for id, paths in files.items() if paths}
        return Images(files=drawn, notice=self._failure)

    def _paths(self) -> dict[str, tuple[str, ...]]:
        return {
            id: tuple(f"{FOLDER}/{name}.{format}" for format in self._formats)
            for id, name in file_names(self._pictures).items()
        }

    def _draw(self) -> None:
        # Whatever a browser does, the report is written: images are the least part of it.
        try:
            failures = _draw(self._orders)
        except Exception as error:
            self._failure = _why(error)
        else:
            if failures:
                self._failure = f"no images of {count_label(len(failures), 'figure')}: "
                self._failure += _line(failures[0])


def check_formats(formats: Iterable[str]) -> tuple[ImageFormat, ...]:
    """The formats, each once.

    Raises:
        AnalysisError: If one is not known.
    """
    known = get_args(ImageFormat)
    chosen = tuple(dict.fromkeys(formats))
    for one in chosen:
        if one not in known:
            raise AnalysisError(f"unknown image format {one!r}; known: {', '.join(known)}, none")
    return tuple(one for one in known if one in chosen)


def pictures_of(view: object) -> Iterator[Picture]:
    """The figures of a section's view, in their order on the page."""
    if isinstance(view, Picture):
        yield view
    elif is_dataclass(view):
        for field in fields(view):
            yield from pictures_of(getattr(view, field.name))
    elif isinstance(view, (list, tuple)):
        for one in view:
            yield from pictures_of(one)
    elif isinstance(view, dict):
        yield from pictures_of(list(view.values()))


def file_names(pictures: Iterable[Picture]) -> dict[str, str]:
    """A file's name for each figure by its id: letters, digits, '-', '_'; all different."""
    names: dict[str, str] = {}
    for one in pictures:
        base = re.sub(r"[^A-Za-z0-9_]+", "-", one.id).strip("-")[:80] or "figure"
        name, number = base, 1
        while name in names.values():
            number += 1
            name = f"{base}-{number}"
        names[one.id] = name
    return names


def on_white(figure: go.Figure) -> go.Figure:
    """A copy of a figure on a white ground with a margin, as a document needs it."""
    copy = go.Figure(figure)
    copy.update_layout(
        paper_bgcolor=LIGHT.paper,
        plot_bgcolor=LIGHT.paper,
        width=WIDTH,
        height=int(figure.layout.height) + 2 * _MARGIN,
        margin={"l": _MARGIN, "r": _MARGIN, "t": _MARGIN, "b": _MARGIN},
    )
    return copy


def _draw(orders: SimpleQueue[_Order | None]) -> list[FigureError]:
    failures = []
    with FigureBrowser() as browser:
        while (order := orders.get()) is not None:
            figure, paths = order
            scale = PNG_SCALE if any(path.suffix == ".png" for path in paths) else 0
            try:
                drawing = browser.draw(on_white(figure), scale=scale)
            except FigureError as error:
                failures.append(error)
                continue
            for path in paths:
                if path.suffix == ".svg":
                    path.write_text(drawing.svg, encoding="utf-8")
                elif drawing.png is not None:
                    path.write_bytes(drawing.png)
    return failures


def _why(error: Exception) -> str:
    if isinstance(error, NoBrowser):
        return f"no images of figures: {error}; {_CURE}"
    return f"images of figures are missing: the browser failed ({_line(error)}); {_CURE}"


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__

"""plotly.js in a browser that is there: figures to SVG and PNG.

The browser loads plotly.js once and draws each figure once, for both formats: that, not the
drawing, is most of what images of figures cost. It reads no file and nothing of the network.

Kaleido 1.5 loads the page again, with plotly.js, after each image, and draws each format alone:
the 38 figures of a report as PNG and SVG took it 28 s and 6.7 s of CPU, against 8 s and 1.7 s
with a page that stays (medians of three that took turns on two busy cores).
"""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from analysis.errors import BrowserEnded, FigureError, NoBrowser
from analysis.report.files.devtools import DevTools

_PAGE = "<!DOCTYPE html><title>figures</title>"

_PROGRAMS = (
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "brave-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure drawn.

    Attributes:
        svg: The text of an SVG file.
        png: The bytes of a PNG file; None if it was not asked for.
    """

    svg: str
    png: bytes | None


class FigureBrowser:
    """Chrome or Chromium with plotly.js; a context manager.

    `BROWSER_PATH` may name one; else it is looked for where it is usually installed.

    Raises:
        NoBrowser: On entering, if there is none.
        BrowserGone: On entering, if it does not start.
    """

    def __enter__(self) -> FigureBrowser:
        self._devtools, self._session = _start(_program())
        try:
            # An empty page is in quirks mode, in which text has other sizes.
            self._evaluate(f"document.write({_PAGE!r}); document.close()")
            self._evaluate(f"{get_plotlyjs()}\n;null")
            self._evaluate(_script())
        except BaseException:
            self._devtools.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._devtools.close()

    @property
    def process_id(self) -> int:
        """The browser's process, which leads a group of its own."""
        return self._devtools.process_id

    def draw(self, figure: go.Figure, *, scale: float = 0) -> Drawing:
        """Draws a figure whose layout has a width and a height, in CSS pixels.

        Args:
            figure: What to draw.
            scale: Pixels of a PNG for each of these; 0 makes none.

        Raises:
            FigureError: If plotly.js cannot draw it.
            BrowserGone: If the browser has ended or does not answer.
        """
        drawn = self._evaluate(f"draw({figure.to_json()}, {scale})")
        png = drawn.get("png")
        return Drawing(svg=drawn["svg"], png=None if png is None else base64.b64decode(png))

    def _evaluate(self, expression: str) -> Any:
        answer = self._devtools.ask(
            "Runtime.evaluate",
            session=self._session,
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise FigureError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")


def _program() -> str:
    named = os.environ.get("BROWSER_PATH")
    for program in [named] if named else _PROGRAMS:
        if path := shutil.which(program):
            return path
    raise NoBrowser("no browser was found")


def _start(program: str) -> tuple[DevTools, str]:
    """A browser in its sandbox, out of it where that does not start; and its page's session."""
    if os.geteuid() != 0:  # Chromium's sandbox refuses root.
        try:
            return _open(program, sandbox=True)
        except BrowserEnded:
            pass  # As in many containers, where no user may make namespaces.
    return _open(program, sandbox=False)


def _open(program: str, *, sandbox: bool) -> tuple[DevTools, str]:
    devtools = DevTools(program, sandbox=sandbox)
    try:
        page = devtools.ask("Target.createTarget", url="about:blank")["targetId"]
        session = devtools.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
    except BaseException:
        devtools.close()
        raise
    return devtools, session


def _script() -> str:
    return (files("analysis.report") / "templates" / "draw.js").read_text(encoding="utf-8")

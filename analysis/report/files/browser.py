"""plotly.js in a browser that is there: figures to SVG and PNG.

The browser loads plotly.js once and draws each figure once, for both formats: that, not the
drawing, is most of what images of figures cost. It reads no file and nothing of the network.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from analysis.errors import BrowserGone, FigureError

if TYPE_CHECKING:
    from choreographer import Browser

_ANSWER_S = 60.0
_PAGE = "data:text/html;charset=utf-8,<!DOCTYPE html><title>figures</title>"


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
    """Chrome or Chromium without a window; an asynchronous context manager.

    `BROWSER_PATH` may name one; else it is looked for where it is usually installed.

    Raises:
        choreographer.errors.ChromeNotFoundError: On entering, if there is none.
        choreographer.errors.BrowserFailedError: On entering, if it does not start.
    """

    async def __aenter__(self) -> FigureBrowser:
        self._browser = await _started()
        try:
            self._tab = await self._browser.create_tab()
            loaded = self._tab.subscribe_once("Page.loadEventFired")
            await self._ask("Page.enable")
            await self._ask("Page.navigate", url=_PAGE)
            await asyncio.wait_for(loaded, _ANSWER_S)
            await self._evaluate(f"{get_plotlyjs()}\n;null")
            await self._evaluate(_script())
        except BaseException:
            await self._browser.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._browser.close()

    async def draw(self, figure: go.Figure, *, scale: float = 0) -> Drawing:
        """Draws a figure whose layout has a width and a height, in CSS pixels.

        Args:
            figure: What to draw.
            scale: Pixels of a PNG for each of these; 0 makes none.

        Raises:
            FigureError: If plotly.js cannot draw it.
            BrowserGone: If the browser has ended or does not answer.
        """
        found = await self._evaluate(f"draw({figure.to_json()}, {scale})")
        png = found.get("png")
        return Drawing(svg=found["svg"], png=None if png is None else base64.b64decode(png))

    async def _evaluate(self, expression: str) -> Any:
        answer = await self._ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise FigureError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    async def _ask(self, command: str, **params: Any) -> dict[str, Any]:
        try:
            answer = await asyncio.wait_for(self._tab.send_command(command, params), _ANSWER_S)
        except asyncio.CancelledError as error:
            # So choreographer says that the browser is gone, unless it is us who are to end.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise BrowserGone("it ended while it drew") from error
        except TimeoutError as error:
            raise BrowserGone(f"it did not answer within {_ANSWER_S:g} s") from error
        if "error" in answer:
            raise RuntimeError(f"{command}: {answer['error'].get('message', answer['error'])}")
        result: dict[str, Any] = answer["result"]
        return result


async def _started() -> Browser:
    """A browser in its sandbox; out of it where that does not start, as in many containers."""
    # Imported here: most reports of most processes draw no images.
    from choreographer import Browser
    from choreographer.errors import BrowserFailedError

    log = logging.getLogger("choreographer")
    if log.level == logging.NOTSET:
        # It warns of a browser that ends by itself, of which is told here, by exceptions.
        log.setLevel(logging.ERROR)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root:  # Chromium's sandbox refuses root.
        browser = Browser(headless=True, enable_sandbox=True)
        with contextlib.suppress(BrowserFailedError):
            await browser.open()
            return browser
    browser = Browser(headless=True, enable_sandbox=False)
    await browser.open()
    return browser


def _script() -> str:
    return (files("analysis.report") / "templates" / "draw.js").read_text(encoding="utf-8")

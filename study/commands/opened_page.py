"""`--open`: a page in this desktop's browser, or a line that says why not."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from pathlib import Path

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


class OpenedPage:
    """Opens the first page that it is shown, and no other: a browser's tab is reloaded by hand.

    Args:
        wanted: Whether `--open` was given; otherwise nothing is opened.
    """

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._once = threading.Lock()

    def __call__(self, page: Path) -> None:
        """Opens the page, if it is there."""
        if self._wanted and page.is_file() and self._once.acquire(blocking=False):
            problem = _opened(page.absolute())
            if problem is not None:
                print(f"gradscape: {problem}, so --open opens nothing", file=sys.stderr)


def _opened(page: Path) -> str | None:
    """Opens a page; returns why it cannot be."""
    # Without a display webbrowser finds a terminal's browser, which would take the terminal.
    if sys.platform == "linux" and not any(map(os.environ.get, _DISPLAYS)):
        return f"there is no display ({' and '.join(_DISPLAYS)} are not set)"
    return None if webbrowser.open(page.as_uri()) else "no browser was found"

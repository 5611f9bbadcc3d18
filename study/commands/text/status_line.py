"""One line on a terminal that tells what a command is at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text


def error_console() -> Console:
    """Standard error, where progress is shown; texts are shown as they are."""
    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


@contextmanager
def status_line(first: str, console: Console) -> Iterator[Callable[[str], None]]:
    """Shows a line while a command works; what it yields replaces the line's text."""
    with Status(Text(first), console=console) as status:
        yield lambda text: status.update(Text(text))

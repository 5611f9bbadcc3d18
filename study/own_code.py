"""What a person's own code did wrong, in one line that names file and line."""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_OURS = Path(__file__).parent
_INSTALLED = ("site-packages", "dist-packages")
_STANDARD_LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def raised_at(error: BaseException) -> str | None:
    """File, line and function of a person's own code that raised an error.

    The innermost frame counts that is outside of installed packages and Python's library. None
    where that is gradscape's own.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{Path(error.filename).name}, line {error.lineno}"
    return _innermost_own(traceback.extract_tb(error.__traceback__))


def _innermost_own(frames: traceback.StackSummary) -> str | None:
    for frame in reversed(frames):
        file = Path(frame.filename)
        if not file.exists() or not set(_INSTALLED).isdisjoint(file.parts):
            continue
        if file.is_relative_to(_STANDARD_LIBRARY):
            continue
        if file.is_relative_to(_OURS):
            return None
        within = "" if frame.name == "<module>" else f", in {frame.name}"
        return f"{file.name}, line {frame.lineno}{within}"
    return None


def text_of(error: BaseException) -> str:
    """Type and message of an error; also of one whose own text cannot be had."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    try:
        text = str(error)
    except Exception as second:
        text = f"(its text raised {type(second).__name__})"
    return f"{type(error).__name__}: {text}".rstrip(": ")


def first_line_of_own(error: BaseException | None) -> str | None:
    """`raised_at` of an error, or of the first of what caused it that own code raised."""
    while error is not None:
        where = raised_at(error)
        if where is not None:
            return where
        error = error.__cause__
    return None


def with_line(text: str, error: BaseException | None) -> str:
    """A text about an error, with where own code raised it."""
    where = first_line_of_own(error)
    return text if where is None or f"({where})" in text else f"{text} ({where})"


@contextmanager
def exits_told(say: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, own code that ends this process by `os._exit` is named, and fails it.

    Nothing else can say so: no exception is raised and no `finally` is run. Processes that own
    code forks end as they like.

    Args:
        say: Takes the line.
    """
    really, process = os._exit, os.getpid()

    def told(status: int) -> None:
        where = None
        if os.getpid() == process:
            where = _innermost_own(traceback.StackSummary(traceback.extract_stack()[:-1]))
        if where is not None:
            say(f"own code ended this process by os._exit({status}) ({where})")
        really(status if where is None else status or 1)

    vars(os)["_exit"] = told
    try:
        yield
    finally:
        vars(os)["_exit"] = really

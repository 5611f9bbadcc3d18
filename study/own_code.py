"""What a person's own code did wrong, in one line that names file and line."""

from __future__ import annotations

import sysconfig
import traceback
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
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
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

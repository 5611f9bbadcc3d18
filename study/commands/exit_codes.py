"""Exit codes: how a command ended, for the shell."""

from __future__ import annotations

from enum import IntEnum

from search_spaces.errors import GradscapeError, InputError
from study.errors import Interrupted


class ExitCode(IntEnum):
    """A command's exit code."""

    DONE = 0
    FAILED = 1
    WRONG_INPUT = 2
    INTERRUPTED = 130


EXIT_CODES: tuple[tuple[type[GradscapeError], ExitCode], ...] = (
    (InputError, ExitCode.WRONG_INPUT),
    (Interrupted, ExitCode.INTERRUPTED),
    (GradscapeError, ExitCode.FAILED),
)
"""Kind of error -> exit code, the first that fits; any other error is a bug and its own text."""


def exit_code(error: GradscapeError) -> ExitCode:
    """The code of an error of one of the known kinds."""
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))

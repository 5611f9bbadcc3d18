"""What is wrong with a command line, in one line instead of Typer's box."""

from __future__ import annotations

import re
from typing import Any

import typer

# Typer exports no name for it: what all of its errors about a command line are.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_REWORDED = (
    (r"^Missing (argument|option) '?(.+?)'?\.?$", r"needs \2"),
    (r"^No such option: (\S+)$", r"no option \1"),
    (r"^No such command '(.+?)'\.?$", r"no command \1"),
    (r"^Got unexpected extra argument(?:s|\(s\))? \((.+)\)$", r"does not take \1 as well"),
    (r"^Option '(.+?)' requires (.+)$", r"\1 needs \2"),
    (r"^Invalid value for '(.+?)': ", r"\1: "),
    (r"Input should be a valid integer.*$", "must be an integer"),
    (r"Input should be a valid number.*$", "must be a number"),
    (r"Input should be ", "must be "),
    (r"Value error, ", ""),
)
"""Typer's texts in the words of this command line; pydantic's among them."""


def usage_text(error: Any) -> str:
    """One line of what is wrong, after the command's name, and where its help is."""
    command = "gradscape" if error.ctx is None else str(error.ctx.command_path)
    possible = getattr(error, "possibilities", None)
    text = error.message if possible else error.format_message()
    text, _, question = " ".join(text.split()).partition(" Did you mean ")
    for pattern, words in _REWORDED:
        text = re.sub(pattern, words, text)
    if possible:
        question = " or ".join(sorted(possible)) + "?"
    guess = f"; did you mean {question.replace(chr(39), '')}" if question else ""
    return f"{command}: {text.removesuffix('.')}{guess} (see {command} --help)"

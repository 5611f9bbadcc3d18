"""The root of all errors, and what a person's input got wrong, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GradscapeError(Exception):
    """The root of what gradscape raises: its text is all that a person needs to read."""


class InputError(GradscapeError, ValueError):
    """Input that breaks a rule; the command line prints it as one line and exits with code 2.

    Args:
        rule: The rule and what came, e.g. "`low < high` must hold, but got low=1.0, high=0.1".
        key: Path of the offending key inside its file, e.g. "hyperparameters.learning_rate".
        file: The file the key stands in, where there is one.
    """

    def __init__(self, rule: str, *, key: str | None = None, file: str | None = None) -> None:
        self.rule = rule
        self.key = key
        self.file = file
        super().__init__(str(self))

    def __str__(self) -> str:
        path = [part for part in (self.file, self.key) if part]
        return ": ".join([*path, self.rule])

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (self.rule, self.key, self.file))

    def inside(self, *, key: str | None = None, file: str | None = None) -> InputError:
        """Returns the same error as the enclosing key or file sees it."""
        inner = ".".join(part for part in (key, self.key) if part) or None
        return InputError(self.rule, key=inner, file=file or self.file)


def _restore(rule: str, key: str | None, file: str | None) -> InputError:
    return InputError(rule, key=key, file=file)


def unknown(what: str, got: object, known: Iterable[str]) -> str:
    """Writes the rule for a name that does not exist: the nearest one first, then the choices.

    >>> unknown("activation", "rleu", ["tanh", "relu"])
    "unknown activation 'rleu'; did you mean 'relu'? known: relu, tanh"
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(str(got), names, n=1, cutoff=0.5)
    guess = f" did you mean {nearest[0]!r}?" if nearest else ""
    return f"unknown {what} {got!r};{guess} known: {', '.join(names)}"

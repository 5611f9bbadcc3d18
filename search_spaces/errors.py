"""The root of all errors, and what a person's input got wrong, in one line."""

from __future__ import annotations

from collections.abc import Iterable

from search_spaces.near_names import did_you_mean


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
    """Writes the rule for a name that does not exist: one that is near first, then the choices.

    >>> unknown("activation", "rleu", ["tanh", "relu"])
    "unknown activation 'rleu'; did you mean 'relu'? known: relu, tanh"
    """
    names = sorted(known)
    question = did_you_mean(str(got), names)
    guess = f" {question}" if question else ""
    return f"unknown {what} {got!r};{guess} known: {', '.join(names)}"

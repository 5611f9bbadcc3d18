"""What a task cannot be made of: arguments, data."""

from __future__ import annotations


class TaskError(ValueError):
    """An argument that a task's function does not take, or a value that it refuses.

    Args:
        rule: States the rule and the value that broke it.
        parameter: The parameter that it is about, where it is about one.
    """

    def __init__(self, rule: str, *, parameter: str | None = None) -> None:
        super().__init__(rule)
        self.parameter = parameter


class DataError(ValueError):
    """Data, or a loss of it, that no network could learn from; the text names task and rows."""

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


def check_at_least(least: int, **given: int | None) -> None:
    """Refuses arguments of a task's function that are too small; those left out are None.

    Raises:
        TaskError: If one is below `least`; its parameter is the argument's name.
    """
    for name, value in given.items():
        if value is not None and value < least:
            raise TaskError(f"must be >= {least}, but got {value}", parameter=name)


class DataError(ValueError):
    """Data, or a loss of it, that no network could learn from; the text names task and rows."""

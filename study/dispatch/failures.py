"""Faults of training: which end the study, and which are infrastructure's and run again."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from search_spaces.errors import InputError
from study.errors import TrainingError
from study.own_code import first_line_of_own, text_of
from study.trial import Cohort

NAMED = 3
"""Trials of a failed cohort that a message names."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What `train` raised, in a form that any process can read.

    Attributes:
        message: Type and message of the exception.
        traceback: The formatted traceback, of the process that raised it.
        out_of_memory: Whether memory ran out: a smaller cohort may do.
        raised_at: File, line and function that raised it, where that is a person's own code.
        input_error: Rule, key and file where the exception was an `InputError`.
    """

    message: str
    traceback: str
    out_of_memory: bool
    raised_at: str | None = None
    input_error: tuple[str, str | None, str | None] | None = None

    def error(self, cohort: Cohort) -> Exception:
        """The exception that ends the study."""
        if self.input_error is not None:
            rule, key, file = self.input_error
            return InputError(rule, key=key, file=file)
        raised_at = f" ({self.raised_at})" if self.raised_at else ""
        return TrainingError(
            f"training {_named(cohort)} failed: {self.message}{raised_at}",
            remote_traceback=self.traceback,
        )


def describe(error: BaseException) -> Failure:
    """Classify an exception of `train`.

    Memory counts as exhausted for Python's `MemoryError` and for any exception named like
    torch's `OutOfMemoryError` (this module must not import torch).
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    return Failure(
        message=text_of(error),
        traceback=_formatted(error),
        out_of_memory=bool(names & {"MemoryError", "OutOfMemoryError"}),
        raised_at=first_line_of_own(error),
        input_error=(error.rule, error.key, error.file) if isinstance(error, InputError) else None,
    )


def _formatted(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:
        # A person's exception may fail to say what it is; where it was raised is known.
        return "".join(traceback.format_tb(error.__traceback__))


def _named(cohort: Cohort) -> str:
    """The trials by number, e.g. "trials 3, 7, 8 and 6 more"."""
    numbers = [str(trial.number) for trial in cohort.trials]
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    if len(numbers) <= NAMED:
        return f"trials {', '.join(numbers[:-1])} and {numbers[-1]}"
    return f"trials {', '.join(numbers[:NAMED])} and {len(numbers) - NAMED} more"

"""Faults of training: which end the study, and which are infrastructure's and run again."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from search_spaces.errors import InputError
from study.trial import Cohort


class TrainingError(RuntimeError):
    """Training a cohort raised; the message is the original one.

    Args:
        message: Which cohort, and what it raised.
        remote_traceback: The traceback as text, from wherever the cohort was trained.
    """

    def __init__(self, message: str, *, remote_traceback: str = "") -> None:
        super().__init__(message)
        self.remote_traceback = remote_traceback


class DispatchError(RuntimeError):
    """The cluster or one of its parts that a study cannot do without is gone."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What `train` raised, in a form that any process can read.

    Attributes:
        message: Type and message of the exception.
        traceback: Its traceback as text.
        out_of_memory: Whether memory ran out: a smaller cohort may do.
        input_error: Rule, key and file where the exception was an `InputError`.
    """

    message: str
    traceback: str
    out_of_memory: bool
    input_error: tuple[str, str | None, str | None] | None = None

    def error(self, cohort: Cohort) -> Exception:
        """The exception that ends the study."""
        if self.input_error is not None:
            rule, key, file = self.input_error
            return InputError(rule, key=key, file=file)
        first, last = cohort.trials[0].number, cohort.trials[-1].number
        where = f"trial {first}" if first == last else f"trials {first}-{last}"
        return TrainingError(
            f"training cohort {cohort.number} ({where}) failed: {self.message}",
            remote_traceback=self.traceback,
        )


def describe(error: BaseException) -> Failure:
    """Classify an exception of `train`.

    Memory counts as exhausted for Python's `MemoryError` and for any exception named like
    torch's `OutOfMemoryError` (this module must not import torch).
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    return Failure(
        message=f"{type(error).__name__}: {error}".rstrip(": "),
        traceback="".join(traceback.format_exception(error)),
        out_of_memory=bool(names & {"MemoryError", "OutOfMemoryError"}),
        input_error=(error.rule, error.key, error.file) if isinstance(error, InputError) else None,
    )

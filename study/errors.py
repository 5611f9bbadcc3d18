"""What can go wrong in a study: one root, and under it one class a kind.

The root and `InputError` are made in `search_spaces.errors`, the lowest package, because
search_spaces and analysis raise children of the same root and may not import study.
`study.commands.app` maps the root's kinds to exit codes.

The engine's errors (`NetworkError`, `TaskError`, `OptionMismatch`) are no children of the root:
the engine imports torch and nothing of the layers above. They are ValueErrors, which preflight
and worker translate into `InputError`, and dispatch into `TrainingError`.
"""

from __future__ import annotations

from search_spaces.errors import GradscapeError, InputError

__all__ = [
    "BrokenDatabase",
    "ClusterUnavailable",
    "DispatchError",
    "ExchangeGone",
    "GradscapeError",
    "Interrupted",
    "JobUnknown",
    "LeaseLost",
    "LeaseUncertain",
    "PartDamaged",
    "RayProcessDied",
    "StorageUnavailable",
    "TableError",
    "TableWriteError",
    "TablesNotTracked",
    "TokenWanted",
    "TrackingUnavailable",
    "TrainingError",
]


class TrainingError(GradscapeError, RuntimeError):
    """Training a cohort raised; the message is the original one.

    Args:
        message: Which trials, and what it raised.
        remote_traceback: The traceback as text, from wherever the cohort was trained.
    """

    def __init__(self, message: str, *, remote_traceback: str = "") -> None:
        super().__init__(message)
        self.remote_traceback = remote_traceback


class DispatchError(GradscapeError, RuntimeError):
    """The cluster or one of its parts that a study cannot do without is gone."""


class RayProcessDied(DispatchError):
    """A process of this machine's Ray has died.

    Told as a notice at once, since Ray may end the driver before the caller gets the error.
    """


class ExchangeGone(DispatchError):
    """The actor that gathers results is gone, with what it held; another may replace it.

    Args:
        message: What Ray says of it.
        out_of_memory: Whether Ray ended it because the node's memory ran out.
    """

    def __init__(self, message: str, *, out_of_memory: bool = False) -> None:
        super().__init__(message)
        self.out_of_memory = out_of_memory


class StorageUnavailable(GradscapeError, RuntimeError):
    """Optuna's storage cannot be opened or does not answer; trying again later may help."""


class TrackingUnavailable(GradscapeError, RuntimeError):
    """The tracking server does not answer, or refuses; trying again later may help."""


class BrokenDatabase(TrackingUnavailable):
    """The file of the tracking server's data base holds none that MLflow can use."""


class TablesNotTracked(GradscapeError, LookupError):
    """The tracking server has no such study, or no tables of it; the message says which.

    Args:
        reason: One line.
        known: Names of the studies that are there.
    """

    def __init__(self, reason: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.known = known


class LeaseLost(GradscapeError, RuntimeError):
    """Somebody else holds the study now; nothing more may be written to it.

    Args:
        reason: Who took it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; this run has ended and wrote nothing after that")
        self.reason = reason


class LeaseUncertain(GradscapeError, RuntimeError):
    """Who holds the study cannot be asked at present."""


class TableError(GradscapeError, ValueError):
    """Rows or a file break the schema; the message names the table, column and rule."""


class PartDamaged(TableError):
    """A part is missing or holds bytes that are no table; what it held can be made again."""


class TableWriteError(GradscapeError, OSError):
    """A table part could not be written; nothing of it counts as recorded.

    ``errno`` is the system's (``ENOSPC`` for a full disk), so callers can wait or spool.
    """


class ClusterUnavailable(GradscapeError, RuntimeError):
    """The cluster does not answer, or answers that it cannot do now what it was asked."""


class JobUnknown(GradscapeError, RuntimeError):
    """The cluster has no such job: it was never there, or the head has forgotten it."""


class Interrupted(GradscapeError):
    """Ctrl-C in a command that has no words of its own for it."""


class TokenWanted(InputError):
    """The cluster does nothing for a client that brings no token."""


def first_cause(error: BaseException) -> str:
    """What went wrong first, in one line: "Connection refused", without the errors around it."""
    seen = [error]
    while (inner := _inner(seen[-1])) is not None and inner not in seen:
        seen.append(inner)
    first = seen[-1]
    if isinstance(first, OSError) and first.strerror:
        return first.strerror
    return first_line(first)


def first_line(error: BaseException) -> str:
    """The first line of an error's own text, or its type where it has none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _inner(error: BaseException) -> BaseException | None:
    # urllib3 keeps the cause as `reason`, or as an argument.
    candidates = (getattr(error, "reason", None), error.__cause__, error.__context__, *error.args)
    return next((each for each in candidates if isinstance(each, BaseException)), None)

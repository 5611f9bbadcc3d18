"""What MLflow raises when it takes nothing, as one error with one short reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from search_spaces.errors import GradscapeError
from study.errors import BrokenDatabase, TrackingUnavailable, first_cause, first_line
from study.secrets import masked, redacted
from study.tracking.database.file import broken_text, is_broken, is_full
from study.tracking.database.sqlite import sqlite_path

_TEMPORARY = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")


@contextmanager
def tracking_errors(uri: str, *, opening: bool = False) -> Iterator[None]:
    """Turns what MLflow raises inside into `TrackingUnavailable`.

    A server that refuses (a deleted run, a missing permission) is no reason to lose a study
    either: its results wait on disk until somebody has set the server right.

    Args:
        uri: Address of the server, for the message; its password is masked.
        opening: Whether a data base may be opened or made inside: then whatever is raised counts,
            since alembic, SQLAlchemy and MLflow have no errors in common.

    Raises:
        TrackingUnavailable: If the server does not answer, or refuses.
    """
    try:
        yield
    except GradscapeError:
        raise
    except Exception as error:
        if not (opening or isinstance(error, _faults())):
            raise
        path = sqlite_path(uri)
        if path is not None and is_broken(error):
            raise BrokenDatabase(broken_text(path, first_line(error))) from None
        if path is not None and is_full(error):
            text = f"MLflow's data base {path} takes nothing: no space left on device; free space"
            raise TrackingUnavailable(text) from None
        from mlflow.exceptions import MlflowException

        refused = isinstance(error, MlflowException) and error.error_code not in _TEMPORARY
        what = "refuses" if refused else "does not answer"
        reason = redacted(first_line(error) if refused else first_cause(error), uri)
        raise TrackingUnavailable(f"MLflow at {masked(uri)} {what}: {reason}") from None


def _faults() -> tuple[type[Exception], ...]:
    import requests
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    return (
        MlflowException,
        requests.RequestException,
        sqlalchemy.exc.SQLAlchemyError,
        sqlite3.Error,
        OSError,
    )

"""What MLflow raises when it takes nothing, as one error with one short reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from study.errors import TrackingUnavailable
from study.redaction import redacted

_TEMPORARY = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")


@contextmanager
def tracking_errors(uri: str) -> Iterator[None]:
    """Turns what MLflow raises inside into `TrackingUnavailable`.

    A server that refuses (a deleted run, a missing permission) is no reason to lose a study
    either: its results wait on disk until somebody has set the server right.

    Args:
        uri: Of the server, for the message; its password is masked.

    Raises:
        TrackingUnavailable: If the server does not answer, or refuses.
    """
    import requests
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    faults = (
        MlflowException,
        requests.RequestException,
        sqlalchemy.exc.SQLAlchemyError,
        sqlite3.Error,
        OSError,
    )
    try:
        yield
    except faults as error:
        refused = isinstance(error, MlflowException) and error.error_code not in _TEMPORARY
        what = f"refuses: {_text(error)}" if refused else f"does not answer: {_cause(error)}"
        raise TrackingUnavailable(f"MLflow at {redacted(uri)} {redacted(what)}") from None


def _cause(error: BaseException) -> str:
    """The first cause: "Connection refused", without the four errors wrapped around it."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return (isinstance(error, OSError) and error.strerror) or _text(error)


def _text(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__

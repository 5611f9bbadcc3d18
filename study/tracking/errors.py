"""What MLflow raises when it takes nothing, as one error with one short reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from study.errors import TrackingUnavailable, first_cause, first_line
from study.secrets import masked, redacted

_TEMPORARY = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")


@contextmanager
def tracking_errors(uri: str) -> Iterator[None]:
    """Turns what MLflow raises inside into `TrackingUnavailable`.

    A server that refuses (a deleted run, a missing permission) is no reason to lose a study
    either: its results wait on disk until somebody has set the server right.

    Args:
        uri: Address of the server, for the message; its password is masked.

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
        what = "refuses" if refused else "does not answer"
        reason = redacted(first_line(error) if refused else first_cause(error), uri)
        raise TrackingUnavailable(f"MLflow at {masked(uri)} {what}: {reason}") from None

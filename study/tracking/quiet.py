"""MLflow imported late, quiet, and impatient."""

from __future__ import annotations

import importlib
import logging
import os
import sqlite3
from types import ModuleType
from urllib.parse import unquote

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A dead server otherwise blocks one call for minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
}


def import_mlflow() -> ModuleType:
    """Import MLflow (2 s) with settings fit for a background thread; a person's own stay."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return importlib.import_module("mlflow")


def prepare_sqlite(tracking_uri: str) -> None:
    """Write-ahead logging, which SQLite remembers: the UI reads while a study writes.

    Does nothing for another data base or a server.

    Raises:
        OSError: If the folder cannot be made.
        sqlite3.Error: If the file is no SQLite data base, or locked.
    """
    prefix = "sqlite:///"
    if tracking_uri.startswith(prefix):
        path = unquote(tracking_uri[len(prefix) :].partition("?")[0])
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()

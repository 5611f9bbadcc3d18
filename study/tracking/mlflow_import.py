"""MLflow imported late, quiet, and impatient."""

from __future__ import annotations

import importlib
import logging
import os
from types import ModuleType

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # What goes wrong there is told in a line of ours. Its own quote what they took for a profile,
    # a host or a path, which is a token where an address is wrong.
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
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
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It prints the traceback of what it raises, which is told in one line here.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # Its warnings of a retry quote the address, whose parameters may be secrets.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    return importlib.import_module("mlflow")

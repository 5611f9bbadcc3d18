"""MLflow imported late, quiet, and impatient."""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from types import ModuleType

from sqlalchemy.exc import SADeprecationWarning

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

_NOT_A_PERSONS = r"(mlflow|sqlalchemy|alembic)(\.|$)"
"""Modules whose warnings are for their own developers."""


def import_mlflow() -> ModuleType:
    """Import MLflow (2 s) with settings fit for a background thread; a person's own stay."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # Where warnings are errors, as own code or PYTHONWARNINGS may have it, a deprecation within
    # MLflow would be an outage that never ends.
    warnings.filterwarnings("ignore", module=_NOT_A_PERSONS)
    # SQLAlchemy blames whoever happens to be the first to ask.
    warnings.filterwarnings("ignore", category=SADeprecationWarning)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It prints the traceback of what it raises, which is told in one line here.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # Its warnings of a retry quote the address, whose parameters may be secrets.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    return importlib.import_module("mlflow")

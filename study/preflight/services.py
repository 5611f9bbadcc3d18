"""The services that a study file names, and the home folder.

A storage that is there is opened as `run` opens it first. What else `run` opens would leave
something or run something, so it is tried by other means: tables of Optuna or MLflow in an empty
data base; MLflow's own opening, which brings the tables of an older version up to date unasked; an
experiment and a run, which MLflow does not remove; the lease, which would keep out a driver that
begins just now; a Ray cluster with its processes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from study.databases import is_new_file
from study.paths import StudyPaths
from study.preflight.databases import MLFLOW, OPTUNA, database_problem
from study.preflight.finding import Finding
from study.preflight.folders import folder_problem, journal_problem
from study.secrets import masked, redacted
from study.study_file import StudyConfig
from study.tracking import default_tracking_uri

PATIENCE_S = 30.0
"""Limit of the whole test of one service, as a driver may know no limit of its own."""

_SERVERS = ("http", "https")


def find(config: StudyConfig, paths: StudyPaths) -> list[Finding]:
    """What can be reached and written; takes seconds and leaves nothing behind.

    Returns:
        One finding each for Optuna's storage, MLflow, and MLflow's artifacts where something can
        be said of them.
    """
    storage = str(config.storage or paths.journal)
    tracking = config.tracking_uri or str(paths.home / "mlflow.db")
    jobs = [
        _Job("storage", storage, lambda: _storage(config, paths)),
        _Job("tracking", tracking, lambda: _tracking(config, paths)),
    ]
    return [finding for job in jobs for finding in job.result()]


class _Job:
    """One service being tried, in a thread that may be left behind."""

    def __init__(self, service: str, where: str, find: Callable[[], list[Finding]]) -> None:
        self._service = service
        self._where, self._address = masked(where), where
        self._findings: list[Finding] = []
        self._find = find
        self._thread = threading.Thread(target=self._run, name=f"try-{service}", daemon=True)
        self._thread.start()

    def result(self) -> list[Finding]:
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive():
            problem = f"no answer in {PATIENCE_S:.0f} s"
            return [Finding(service=self._service, where=self._where, problem=problem)]
        return self._findings

    def _run(self) -> None:
        try:
            self._findings = self._find()
        except Exception as error:
            problem = f"{type(error).__name__}: {redacted(str(error), self._address)}"
            self._findings = [Finding(service=self._service, where=self._where, problem=problem)]


def _storage(config: StudyConfig, paths: StudyPaths) -> list[Finding]:
    where = str(config.storage or paths.journal)
    if "://" in where:
        problem = database_problem(where, table=OPTUNA)
    else:
        problem = journal_problem(Path(where))
    return [_finding("storage", where, problem)]


def _tracking(config: StudyConfig, paths: StudyPaths) -> list[Finding]:
    uri = config.tracking_uri or default_tracking_uri(paths.home)
    scheme = urlsplit(uri).scheme
    if scheme in _SERVERS:
        from study.tracking.probe import server_findings

        return [*server_findings(uri, study=config.study), *_behind_server(config)]
    if scheme.partition("+")[0] == "databricks":
        return [Finding(service="tracking", where=masked(uri), note="not tried")]
    problem = database_problem(uri, table=MLFLOW)
    if problem is None and not is_new_file(uri):
        from study.tracking.probe import schema_problem

        problem = schema_problem(uri)
    folder = paths.home / "mlartifacts"
    return [
        _finding("tracking", config.tracking_uri or str(paths.home / "mlflow.db"), problem),
        _finding("artifacts", str(folder), folder_problem(folder)),
    ]


def _behind_server(config: StudyConfig) -> list[Finding]:
    database = config.tracking.database
    if database is None:
        return []
    return [_finding("runs", database, database_problem(database, table=MLFLOW))]


def _finding(service: str, where: str, problem: str | None) -> Finding:
    return Finding(service=service, where=masked(where), problem=problem)

"""Whether MLflow takes what a study logs; nothing is left there."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from study.databases import make_engine
from study.errors import first_cause
from study.preflight.finding import Finding
from study.secrets import masked, public_address, redacted
from study.tracking.mlflow_import import import_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

ANSWER_S, CALL_S = 4, 10
"""For a server to say that it is there, and for each call when it has."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_LOG_IN = (
    "it wants a user and a password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
)


def schema_problem(url: str) -> str | None:
    """Why this MLflow cannot use a data base that another one has used; None if it can.

    Not by opening it, upon which MLflow makes the tables that are missing and upgrades the others.
    """
    import_mlflow()
    import sqlalchemy as sa
    from mlflow.store.db.utils import _get_latest_schema_revision, _get_schema_version

    engine = make_engine(url, connect_s=ANSWER_S)
    with suppress(sa.exc.SQLAlchemyError):  # Whether it can be reached is found out elsewhere.
        found = _get_schema_version(engine)
        if found not in (None, _get_latest_schema_revision()):
            return (
                "its tables are of another version of MLflow; if an older: mlflow db upgrade URL"
            )
    return None


def server_findings(uri: str, *, study: str) -> list[Finding]:
    """Whether an MLflow server takes runs, and if so artifacts.

    Args:
        uri: Address of the server.
        study: Name of the study and so of its experiment.
    """
    problem, location = _no_answer(uri), ""
    where = masked(uri)
    if problem is None:
        with _impatient():
            problem, location = _try_client(uri, study)
    found = [Finding(service="tracking", where=where, problem=problem)]
    if problem is None:
        with _impatient():
            problem, note = _artifact_problem(location, uri)
        found.append(Finding(service="artifacts", where=where, problem=problem, note=note))
    return found


def _try_client(uri: str, study: str) -> tuple[str | None, str]:
    """What is wrong with runs, and where the study's artifacts go: beside those of others."""
    mlflow = import_mlflow()
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    try:
        experiment = client.get_experiment_by_name(study)
        _try_runs(client, experiment)
        if experiment is not None:
            return None, str(experiment.artifact_location)
        found = client.search_experiments(max_results=1)
    except Exception as error:
        return _refusal(error, uri), ""
    return None, (
        str(found[0].artifact_location).rpartition("/")[0] if found else "mlflow-artifacts:/"
    )


def _no_answer(uri: str) -> str | None:
    import requests

    try:
        answer = requests.get(f"{uri.rstrip('/')}/health", timeout=ANSWER_S)
    except requests.RequestException as error:
        timed_out = isinstance(error, requests.Timeout)
        what = "it does not answer in time" if timed_out else redacted(first_cause(error), uri)
        return f"{what}; does it run there, and listen on this address and port?"
    if answer.status_code != 200 or answer.text.strip() != "OK":
        return f"no MLflow server answers there (/health: HTTP {answer.status_code})"
    return None


def _try_runs(client: MlflowClient, experiment: Any) -> None:
    """Writes something that can be removed without a trace, which runs and experiments cannot."""
    name = f"gradscape-check-{uuid.uuid4().hex}"
    if experiment is not None and experiment.lifecycle_stage == "active":
        client.set_experiment_tag(experiment.experiment_id, name, "1")
        client.delete_experiment_tag(experiment.experiment_id, name)
    else:
        client.create_registered_model(name)
        client.delete_registered_model(name)


def _artifact_problem(location: str, uri: str) -> tuple[str | None, str | None]:
    """What is wrong, and what could not be tried."""
    scheme = urlsplit(location).scheme
    if scheme in ("", "file") and urlsplit(uri).hostname not in _LOOPBACK:
        folder = urlsplit(location).path
        problem = (
            f"they go to {folder} on whatever machine runs the study, not to the server; start it "
            "with --artifacts-destination and without --no-serve-artifacts"
        )
        return problem, None
    from mlflow.artifacts import get_artifact_repository

    name = f"gradscape-check-{uuid.uuid4().hex}.txt"
    try:
        artifacts = get_artifact_repository(location, tracking_uri=uri)
        with tempfile.TemporaryDirectory(prefix="gradscape-check-") as folder:
            (Path(folder) / name).write_text("x", encoding="utf-8")
            if _may_not_delete(artifacts, name):
                return None, "not tried, as this user may not delete what would be tried"
            artifacts.log_artifact(str(Path(folder) / name))
        artifacts.delete_artifacts(name)
    except Exception as error:
        return _refusal(error, uri), None
    return None, None


def _may_not_delete(artifacts: Any, name: str) -> bool:
    """Found out on a file that is not there, before one is."""
    try:
        artifacts.delete_artifacts(name)
    except Exception as error:
        return _status(error) == 403
    return False


def _refusal(error: Exception, uri: str) -> str:
    if "Invalid Host header" in str(error):
        host = urlsplit(public_address(uri)).netloc
        return f"it does not know itself by this name; start it with --allowed-hosts {host}"
    status = _status(error)
    if status == 401:
        return _LOG_IN
    if status == 403:
        return "this user may not write there; a manager of the server can allow it"
    return redacted(first_cause(error), uri)


def _status(error: Exception) -> int | None:
    from mlflow.exceptions import MlflowException

    response = getattr(error, "response", None)
    if response is not None:
        return int(response.status_code)
    text = str(error)
    for status in (401, 403):
        if f"error code {status}" in text or f"{status} Client Error" in text:
            return status
    return error.get_http_status_code() if isinstance(error, MlflowException) else None


@contextmanager
def _impatient() -> Iterator[None]:
    """MLflow's own patience is minutes; what a person has set is restored."""
    wanted = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(CALL_S),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

"""A study's tables from an MLflow server alone: what its parent runs have, together."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.errors import TablesNotTracked
from study.tracking.artifacts.tables import (
    FOLDER,
    STUDY_KEY_TAG,
    STUDY_TAG,
    TABLES,
    Key,
    StoredPart,
    parent_runs,
    stored_parts,
)
from study.tracking.errors import tracking_errors
from study.tracking.mlflow_import import import_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_CONNECTIONS = 8
_KNOWN = 200
"""So many experiments are looked at to say which studies there are."""


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """Tables that were fetched.

    Attributes:
        folder: The study's folder, laid out as in a home folder.
        parts: Number of parts.
        other_studies: Studies of the same name from other home folders, which were left out.
    """

    folder: Path
    parts: int
    other_studies: int


def download_tables(
    tracking_uri: str,
    study: str,
    into: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Downloaded:
    """Fetches a study's tables from an MLflow server: Parquet parts and nothing else.

    Where several home folders have logged a study of this name to the server, that of the latest
    run is taken.

    Args:
        tracking_uri: Address of the server; MLflow takes user and password from the environment.
        study: Name of the study.
        into: Folder to make the study's folder in.
        on_progress: Called with the files that are here, of how many.

    Raises:
        TablesNotTracked: If there is no such study, or no tables of it.
        TrackingUnavailable: If the server does not answer, or refuses.
    """
    mlflow = import_mlflow()
    with tracking_errors(tracking_uri):
        client = mlflow.MlflowClient(tracking_uri=tracking_uri)
        experiment = client.get_experiment_by_name(study) if _NAME.fullmatch(study) else None
        if experiment is None or experiment.lifecycle_stage == "deleted":
            raise TablesNotTracked("unknown study", _known(client))
        runs_by_key: dict[str | None, list[Any]] = {}
        for run in parent_runs(client, experiment.experiment_id, study):
            runs_by_key.setdefault(run.data.tags.get(STUDY_KEY_TAG), []).append(run)
        studies = [
            parts for runs in runs_by_key.values() if (parts := _whole(stored_parts(client, runs)))
        ]
        if not studies:
            raise TablesNotTracked(
                "its runs have no tables: it has not finished an invocation since tables are "
                "logged, or its artifacts lie where they cannot be read from here"
            )
        folder = into / study
        _fetch(client, studies[0], folder / "tables", on_progress)
    count = sum(1 for table, _ in studies[0] if table == "trials")
    return Downloaded(folder=folder, parts=count, other_studies=len(studies) - 1)


def _whole(stored: Mapping[Key, StoredPart]) -> dict[Key, StoredPart]:
    """Without files of parts whose `trials` file is missing: they were never finished."""
    done = {name for table, name in stored if table == "trials"}
    if not done:
        return {}
    return {key: part for key, part in stored.items() if key[0] == "runs" or key[1] in done}


def _fetch(
    client: MlflowClient,
    parts: Mapping[Key, StoredPart],
    folder: Path,
    on_progress: Callable[[int, int], None],
) -> None:
    from mlflow.artifacts import get_artifact_repository

    stores = {
        run_id: get_artifact_repository(
            client.get_run(run_id).info.artifact_uri, tracking_uri=client.tracking_uri
        )
        for run_id in {part.run_id for part in parts.values()}
    }
    for table in TABLES:
        (folder / table).mkdir(parents=True, exist_ok=True)

    def fetch(key: Key) -> None:
        table, name = key
        # Both were checked: whatever a server lists, nothing is written outside of this folder.
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            store = stores[parts[key].run_id]
            got = Path(store.download_artifacts(f"{FOLDER}/{table}/{name}", scratch))
            os.replace(got, folder / table / name)

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done, _ in enumerate(pool.map(fetch, parts), start=1):
            on_progress(done, len(parts))


def _known(client: MlflowClient) -> tuple[str, ...]:
    """Names of the experiments that have a study's parent run."""
    names = []
    for experiment in client.search_experiments(max_results=_KNOWN):
        found = client.search_runs(
            [experiment.experiment_id],
            filter_string=f"tags.`{STUDY_TAG}` LIKE '%'",
            max_results=1,
        )
        if found:
            names.append(str(experiment.name))
    return tuple(sorted(names))

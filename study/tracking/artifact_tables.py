"""A study's tables as artifacts of its parent runs: each part goes up once, all come together.

    <parent run>/tables/{trials,steps,layers,runs}/part-*.parquet

A study has a parent run for each invocation. What an earlier one has is not uploaded again, so the
tables are the union over the study's parent runs; of a part the `trials` file comes last, as on
disk, and makes it count.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.tracking.outage import tracking_errors
from study.tracking.quiet import import_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

STUDY_TAG = "gradscape.study"
PLACE_TAG = "gradscape.place"

FOLDER = "tables"
TABLES = ("layers", "steps", "runs", "trials")
"""In the order of uploading."""

LARGEST_MB = 64.0
"""Larger files of a report stay out of the run: a report that opens there needs none of them."""

_PART = re.compile(r"part-[A-Za-z0-9_][A-Za-z0-9_.-]*\.parquet")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_CONNECTIONS = 8
_PAGE = 1000
_KNOWN = 200
"""So many experiments are looked at to say which studies there are."""

Key = tuple[str, str]
"""Table and file name of a part."""


class TablesNotTracked(LookupError):
    """There is no such study, or its runs have no tables; one line that says which.

    Attributes:
        known: Names of the studies that are there.
    """

    def __init__(self, reason: str, known: tuple[str, ...] = ()) -> None:
        self.known = known
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """One file of a part.

    Attributes:
        run_id: Parent run that has it.
        size: In bytes; None where the store does not tell.
    """

    run_id: str
    size: int | None


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """Tables that were fetched.

    Attributes:
        folder: Of the study, as in a home folder.
        parts: Number of parts.
        other_places: Further places whose trials are in the same experiment and were left out.
    """

    folder: Path
    parts: int
    other_places: int


def upload_parts(
    client: MlflowClient,
    *,
    experiment_id: str,
    study: str,
    place: str | None,
    run_id: str,
    folder: Path,
) -> int:
    """Uploads the parts that no parent run of this study has yet.

    Args:
        client: Of the tracking server.
        experiment_id: The study's experiment.
        study: Its name.
        place: Where the study is kept; runs of other places are another study's.
        run_id: The parent run that gets them.
        folder: The tables' folder.

    Returns:
        Number of files that were uploaded.
    """
    runs = [
        run
        for run in _parent_runs(client, experiment_id, study)
        if run.data.tags.get(PLACE_TAG) == place
    ]
    there = _stored(client, runs)
    done = {path.name for path in (folder / "trials").glob("part-*.parquet")}
    uploaded = 0
    for table in TABLES:
        missing = [
            path
            for path in sorted((folder / table).glob("part-*.parquet"))
            if (table, path.name) not in there and (table == "runs" or path.name in done)
        ]
        if missing:
            with linked(missing, root=folder / table, beside=folder.parent) as gathered:
                client.log_artifacts(run_id, str(gathered), f"{FOLDER}/{table}")
        uploaded += len(missing)
    return uploaded


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
        tracking_uri: Of the server; MLflow takes user and password from the environment.
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
        places: dict[str | None, list[Any]] = {}
        for run in _parent_runs(client, experiment.experiment_id, study):
            places.setdefault(run.data.tags.get(PLACE_TAG), []).append(run)
        found = [parts for runs in places.values() if (parts := _whole(_stored(client, runs)))]
        if not found:
            raise TablesNotTracked(
                "its runs have no tables: it has not finished an invocation since tables are "
                "logged, or its artifacts lie where they cannot be read from here"
            )
        folder = into / study
        _fetch(client, found[0], folder / "tables", on_progress)
    count = sum(1 for table, _ in found[0] if table == "trials")
    return Downloaded(folder=folder, parts=count, other_places=len(found) - 1)


def _parent_runs(client: MlflowClient, experiment_id: str, study: str) -> Iterator[Any]:
    """The latest first."""
    token = None
    while True:
        page = client.search_runs(
            [experiment_id],
            filter_string=f"tags.`{STUDY_TAG}` = '{study}'",
            order_by=["attributes.start_time DESC"],
            max_results=_PAGE,
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _stored(client: MlflowClient, runs: list[Any]) -> dict[Key, StoredPart]:
    """The parts that these runs have; names that are no part's are passed over."""
    found: dict[Key, StoredPart] = {}
    for run in runs:
        run_id = run.info.run_id
        if not any(one.path == FOLDER for one in client.list_artifacts(run_id)):
            continue
        for table in TABLES:
            for one in client.list_artifacts(run_id, f"{FOLDER}/{table}"):
                name = str(one.path).rpartition("/")[2]
                if not one.is_dir and _PART.fullmatch(name):
                    part = StoredPart(run_id=run_id, size=one.file_size)
                    found.setdefault((table, name), part)
    return found


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


@contextmanager
def without_large(report: Path) -> Iterator[Path]:
    """A report's folder without files above `LARGEST_MB`: the tables are artifacts already."""
    files = [path for path in sorted(report.rglob("*")) if path.is_file()]
    small = [path for path in files if path.stat().st_size <= LARGEST_MB * 1e6]
    with linked(small, root=report, beside=report.parent) as folder:
        yield folder


@contextmanager
def linked(files: list[Path], *, root: Path, beside: Path) -> Iterator[Path]:
    """A folder of these files as they lie in `root`, by links where the file system has them."""
    with tempfile.TemporaryDirectory(prefix=".uploading-", dir=beside) as folder:
        for file in files:
            target = Path(folder) / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, target)
            except OSError:
                shutil.copyfile(file, target)
        yield Path(folder)

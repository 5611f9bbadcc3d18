"""A study's tables as artifacts of its parent runs: each part goes up once.

    <parent run>/tables/{trials,steps,layers,runs}/part-*.parquet

A study has a parent run for each invocation. What an earlier one has is not uploaded again, so the
tables are the union over the study's parent runs; of a part the `trials` file comes last, as on
disk, and makes it count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.tables.files import is_part_file, part_names, part_path
from study.tracking.artifacts.upload import linked

if TYPE_CHECKING:
    from mlflow import MlflowClient

STUDY_TAG = "gradscape.study"
STUDY_KEY_TAG = "gradscape.place"

FOLDER = "tables"
TABLES = ("layers", "steps", "runs", "trials")
"""In the order of uploading."""

_PAGE = 1000

Key = tuple[str, str]
"""Table and file name of a part."""


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """One file of a part.

    Attributes:
        run_id: Parent run that has it.
        size: In bytes; None where the store does not tell.
    """

    run_id: str
    size: int | None


def upload_parts(
    client: MlflowClient,
    *,
    experiment_id: str,
    study: str,
    study_key: str | None,
    run_id: str,
    folder: Path,
) -> int:
    """Uploads the parts that no parent run of this study has yet.

    Args:
        client: Client of the tracking server.
        experiment_id: Experiment of the study.
        study: Name of the study.
        study_key: Names where the study is kept; runs with another key are another study's.
        run_id: The parent run that gets them.
        folder: The tables' folder.

    Returns:
        Number of files that were uploaded.
    """
    runs = [
        run
        for run in parent_runs(client, experiment_id, study)
        if run.data.tags.get(STUDY_KEY_TAG) == study_key
    ]
    there = stored_parts(client, runs)
    done = part_names(folder / "trials")
    uploaded = 0
    for table in TABLES:
        finished = part_names(folder / table)
        if table != "runs":
            finished &= done
        paths = [part_path(folder / table, name) for name in sorted(finished)]
        missing = [path for path in paths if (table, path.name) not in there]
        if missing:
            with linked(missing, root=folder / table, beside=folder.parent) as gathered:
                client.log_artifacts(run_id, str(gathered), f"{FOLDER}/{table}")
        uploaded += len(missing)
    return uploaded


def own_parents(
    client: MlflowClient, experiment_id: str, study: str, keys: Collection[str | None]
) -> set[str]:
    """Ids of the parent runs of the study that has these keys; deleted ones have children too."""
    return {
        run.info.run_id
        for run in parent_runs(client, experiment_id, study, deleted_too=True)
        if run.data.tags.get(STUDY_KEY_TAG) in keys
    }


def parent_runs(
    client: MlflowClient, experiment_id: str, study: str, *, deleted_too: bool = False
) -> Iterator[Any]:
    """Those of every study of this name, the latest first."""
    from mlflow.entities import ViewType

    token = None
    while True:
        page = client.search_runs(
            [experiment_id],
            filter_string=f"tags.`{STUDY_TAG}` = '{study}'",
            run_view_type=ViewType.ALL if deleted_too else ViewType.ACTIVE_ONLY,
            order_by=["attributes.start_time DESC"],
            max_results=_PAGE,
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def stored_parts(client: MlflowClient, runs: list[Any]) -> dict[Key, StoredPart]:
    """The parts that these runs have; names that are no part's are passed over."""
    found: dict[Key, StoredPart] = {}
    for run in runs:
        run_id = run.info.run_id
        if not any(one.path == FOLDER for one in client.list_artifacts(run_id)):
            continue
        for table in TABLES:
            for one in client.list_artifacts(run_id, f"{FOLDER}/{table}"):
                name = str(one.path).rpartition("/")[2]
                if not one.is_dir and is_part_file(name):
                    part = StoredPart(run_id=run_id, size=one.file_size)
                    found.setdefault((table, name), part)
    return found

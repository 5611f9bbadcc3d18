"""Where a home's runs keep their artifacts, after the home was moved or copied too.

MLflow keeps the whole path of each run's artifacts in its data base. Those of a home lie in
`mlartifacts/<run id>/artifacts`, wherever the home is now: what the data base says of them is put
right when it is opened.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from study.databases import make_engine

NAME = "mlartifacts"

_RUNS = sa.text(
    "UPDATE runs SET artifact_uri = :uri WHERE run_uuid = :run AND artifact_uri <> :uri"
)

_EXPERIMENTS = sa.text(
    "UPDATE experiments SET artifact_location = :root "
    "WHERE artifact_location LIKE :ours AND artifact_location <> :root"
)


def root_uri(folder: Path) -> str:
    """The address of a folder of artifacts, as MLflow takes it."""
    return folder.resolve().as_uri()


def artifact_uri(root: str, run_id: str) -> str:
    """The address of a run's artifacts, as MLflow makes it.

    Args:
        root: Address of the folder of all artifacts.
        run_id: Of the run.
    """
    return f"{root}/{run_id}/artifacts"


def claim_artifacts(uri: str, folder: Path, *, run_id: str | None = None, own: bool) -> None:
    """Has MLflow look for artifacts in this home that lie in it.

    Args:
        uri: Address of MLflow's data base, no server's.
        folder: The home's folder of artifacts.
        run_id: A run whose artifacts are to go there, beside those that are there.
        own: Whether the data base is the home's, so that its experiments are too.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: If the data base does not take it.
    """
    root = root_uri(folder)
    runs = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    named = [run for run in dict.fromkeys([*runs, run_id]) if run is not None]
    with make_engine(uri).begin() as connection:
        if own:
            connection.execute(_EXPERIMENTS, {"root": root, "ours": f"%/{NAME}"})
        if named:
            wanted = [{"run": run, "uri": artifact_uri(root, run)} for run in named]
            connection.execute(_RUNS, wanted)

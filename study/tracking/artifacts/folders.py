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


def artifact_uri(root: str, run_id: str) -> str:
    """The address of a run's artifacts, as MLflow makes it.

    Args:
        root: Address of the folder of all artifacts.
        run_id: Of the run.
    """
    return f"{root}/{run_id}/artifacts"


def claim_artifacts(uri: str, *, folder: Path, root: str, run_id: str | None = None) -> None:
    """Has MLflow look for artifacts in this home that lie in it.

    Args:
        uri: Address of MLflow's data base, no server's.
        folder: The home's folder of artifacts.
        root: Its address.
        run_id: A run whose artifacts are to go there, beside those that are there.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: If the data base does not take it.
    """
    runs = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    change = sa.text(
        "UPDATE runs SET artifact_uri = :uri WHERE run_uuid = :run AND artifact_uri <> :uri"
    )
    wanted = [
        {"run": run, "uri": artifact_uri(root, run)}
        for run in dict.fromkeys([*runs, run_id])
        if run
    ]
    if wanted:
        with make_engine(uri).begin() as connection:
            connection.execute(change, wanted)


def move_experiments(uri: str, *, root: str) -> None:
    """Has MLflow keep the artifacts of a home's experiments in it, of a home that was moved.

    Args:
        uri: Address of the home's own data base.
        root: Address of its folder of artifacts.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: If the data base does not take it.
    """
    change = sa.text(
        "UPDATE experiments SET artifact_location = :root "
        "WHERE artifact_location LIKE :ours AND artifact_location <> :root"
    )
    with make_engine(uri).begin() as connection:
        connection.execute(change, {"root": root, "ours": f"%/{NAME}"})

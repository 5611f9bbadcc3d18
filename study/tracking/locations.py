"""Where MLflow keeps a home folder's results, and how to look at them."""

from __future__ import annotations

import sys
from pathlib import Path


def default_tracking_uri(home: Path) -> str:
    """SQLite under the home folder; `mlflow ui --backend-store-uri` takes it."""
    return f"sqlite:///{(home / 'mlflow.db').resolve()}"


def artifact_location(home: Path) -> str:
    """Folder of the artifacts under the home folder, as a URI."""
    return (home / "mlartifacts").resolve().as_uri()


def is_server(tracking_uri: str) -> bool:
    """Whether it is an MLflow server, which decides where artifacts lie, and no data base."""
    return tracking_uri.partition(":")[0] in ("http", "https", "databricks")


def ui_command(home: Path, *, port: int = 5000, tracking_uri: str | None = None) -> list[str]:
    """The command that serves MLflow's own UI on this machine only.

    Args:
        home: The home folder.
        port: TCP port on 127.0.0.1.
        tracking_uri: A data base other than the home's own.
    """
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        tracking_uri or default_tracking_uri(home),
        "--default-artifact-root",
        artifact_location(home),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--uvicorn-opts",
        "--log-level warning",
    ]

"""Where MLflow keeps a home folder's results, and how to look at them."""

from __future__ import annotations

import atexit
import functools
import re
import shutil
import sys
import tempfile
from pathlib import Path

from study.tracking.artifacts.folders import NAME


def default_tracking_uri(home: Path) -> str:
    """SQLite under the home folder; `mlflow ui --backend-store-uri` takes it."""
    return f"sqlite:///{_plain(home.resolve()) / 'mlflow.db'}"


def artifact_folder(home: Path) -> Path:
    """Folder of the artifacts under the home folder."""
    return home / NAME


def artifact_location(home: Path) -> str:
    """The same as a URI."""
    return artifact_folder(home).resolve().as_uri()


@functools.cache
def _plain(home: Path) -> Path:
    """The folder, or a link to it where its path would mean something else within a URL."""
    if re.search("[%?#]", str(home)) is None:
        return home
    folder = tempfile.mkdtemp(prefix="gradscape-home-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = Path(folder) / "home"
    link.symlink_to(home, target_is_directory=True)
    return link


def is_server(tracking_uri: str) -> bool:
    """Whether it is an MLflow server, which decides where artifacts lie, and no data base."""
    return tracking_uri.partition(":")[0] in ("http", "https", "databricks")


def ui_command(home: Path, *, port: int = 5000, tracking_uri: str | None = None) -> list[str]:
    """The command that serves MLflow's own UI on this machine only.

    Args:
        home: The home folder, in which the command is to be started: whatever its path holds,
            its own data base is named from there.
        port: TCP port on 127.0.0.1.
        tracking_uri: A data base other than the home's own.
    """
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        tracking_uri or "sqlite:///mlflow.db",
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

"""MLflow's own user interface as a child process that leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

from study.tracking.artifacts.folders import claim_artifacts
from study.tracking.errors import tracking_errors
from study.tracking.locations import (
    artifact_folder,
    default_tracking_uri,
    ui_command,
)
from study.tracking.ui.runs_view import share_view

HOST = "127.0.0.1"

LINKS = 20
"""Studies whose pages are named at most."""

RUNS_PAGE = "workflowType=machine_learning"

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Eight processes for MLflow's evaluation of language models, which outlive the server.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # MLflow's own use of its libraries is nobody's concern here.
    "PYTHONWARNINGS": "ignore",
}

_END_S = 10.0
"""Time to end in, before it is killed."""


class UiServer:
    """A running MLflow server on this machine only.

    Args:
        home: The home folder whose results it shows.
        port: TCP port on 127.0.0.1, see `port_is_free`.

    Raises:
        TrackingUnavailable: If the home's data base is broken.
    """

    def __init__(self, home: Path, *, port: int) -> None:
        self._port = port
        uri = default_tracking_uri(home)
        with tracking_errors(uri, opening=True):
            claim_artifacts(uri, artifact_folder(home), own=True)
        # A session of its own: Ctrl-C in the terminal reaches it once, through `end`.
        self._process = subprocess.Popen(
            ui_command(home, port=port),
            cwd=home,
            env={**os.environ, **_SETTINGS},
            start_new_session=True,
        )

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    @property
    def answers(self) -> bool:
        """Whether a browser would get through."""
        try:
            with socket.create_connection((HOST, self._port), timeout=1.0):
                return True
        except OSError:
            return False

    def links(self) -> dict[str, str]:
        """Page of each study's runs by the study's name, the latest first; once it answers.

        MLflow's own start page opens on language models, and hides runs behind it.

        Raises:
            OSError: If the server is gone.
        """
        url = f"http://{HOST}:{self._port}"
        asked = f"{url}/api/2.0/mlflow/experiments/search?max_results={LINKS}"
        with urlopen(asked, timeout=10) as answer:
            experiments = json.load(answer).get("experiments", [])
        return {
            each["name"]: _runs_page(url, each["experiment_id"])
            for each in experiments
            if each["name"] != "Default"
        }

    def end(self) -> None:
        """Ends it with all that it started."""
        self._process.terminate()
        deadline = time.monotonic() + _END_S
        while not self.ended and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _runs_page(url: str, experiment: str) -> str:
    view = share_view(url, experiment)
    return f"{url}/#/experiments/{experiment}/runs?{RUNS_PAGE}{'&' if view else ''}{view}"


def port_is_free(port: int) -> bool:
    """Whether a server can be started on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do: a port that was in use a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True

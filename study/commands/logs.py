"""`gradscape logs`: what the driver of a study wrote down, here or on a cluster."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Address, Home, Insecure, StudyName
from study.commands.arguments.cluster import cluster, latest_job, refuse_home

POLL_S = 0.5


def logs(
    study: StudyName,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on until the study's run has ended.")
    ] = False,
    home: Home = None,
    address: Address = None,
    insecure: Insecure = False,
) -> None:
    """Print what the driver of a study wrote down: progress, notices, errors.

    Example: gradscape logs digits-mlp -f
    """
    if address is not None:
        refuse_home(home)
        _on_cluster(study, address, insecure=insecure, follow=follow)
    else:
        _here(study, home, follow=follow)


def _on_cluster(name: str, address: str, *, insecure: bool, follow: bool) -> None:
    from study.jobs import follow as follow_job

    api = cluster(address, insecure=insecure)
    job = latest_job(api, name)
    if not follow:
        _say(api.log(job.id))
        return

    def warn(reason: str) -> None:
        print(f"gradscape: {reason}; trying again", file=sys.stderr, flush=True)

    follow_job(api, job.id, say=_say, on_outage=warn)


def _here(name: str, home: Path | None, *, follow: bool) -> None:
    from study.lease import look
    from study.paths import find_study
    from study.tables.home import home_folder

    paths = find_study(home_folder(home), name)
    if not (paths.driver_log.exists() or follow):
        raise InputError(f"study {name} has no {paths.driver_log.name} yet")
    with contextlib.suppress(FileNotFoundError):
        former = paths.driver_log.with_name(f"{paths.driver_log.name}.1")
        _say(former.read_text(encoding="utf-8", errors="replace"))
    with GrowingLog(paths.driver_log) as log:
        while True:
            running = follow and look(paths.lock) is not None
            _say(log.read())
            if not running:
                return
            time.sleep(POLL_S)


class GrowingLog:
    """A log that is read while others append to it and now and then rename it to begin another.

    Args:
        path: The log file; there may be none yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> GrowingLog:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self) -> str:
        """What has been written since it was last read, the end of a renamed log included."""
        text = b"" if self._file is None else self._file.read()
        if self._replaced():
            if self._file is not None:
                text += self._file.read()  # The last lines before it was renamed.
                self._file.close()
            self._file = self._path.open("rb")
            text += self._file.read()
        return text.decode("utf-8", errors="replace")

    def _replaced(self) -> bool:
        """Whether there is a log of this path, and another than the open one."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return self._file is None or not os.path.samestat(there, os.fstat(self._file.fileno()))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()

"""`gradscape logs`: what the driver of a study wrote down, here or on a cluster."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search_spaces.errors import InputError
from study.commands.cluster_options import cluster, latest_job, refuse_home, study_name
from study.commands.options import Address, Home, Insecure, StudyName

if TYPE_CHECKING:
    from study.paths import StudyPaths

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
    name = study_name(study)
    if address is not None:
        refuse_home(home)
        _on_cluster(name, address, insecure=insecure, follow=follow)
    else:
        _here(name, home, follow=follow)


def _on_cluster(name: str, address: str, *, insecure: bool, follow: bool) -> None:
    from study.jobs import follow as follow_job

    api = cluster(address, insecure=insecure)
    job = latest_job(api, name)
    if not follow:
        _say(api.log(job.id))
        return

    def away(reason: str) -> None:
        print(f"gradscape: {reason}; trying again", file=sys.stderr, flush=True)

    follow_job(api, job.id, say=_say, on_away=away)


def _here(name: str, home: Path | None, *, follow: bool) -> None:
    from study.monitoring.status import find_study, holder_of
    from study.tables.home import home_folder

    paths = find_study(home_folder(home), name)
    if not (paths.driver_log.exists() or follow):
        raise InputError(f"study {name} has no {paths.driver_log.name} yet")
    _say(_older(paths))
    said = 0
    while True:
        running = follow and holder_of(paths) is not None
        said = _say_from(paths.driver_log, said)
        if not running:
            return
        time.sleep(POLL_S)


def _older(paths: StudyPaths) -> str:
    former = paths.driver_log.with_name(f"{paths.driver_log.name}.1")
    return former.read_text(encoding="utf-8") if former.exists() else ""


def _say_from(path: Path, said: int) -> int:
    """Prints what came after so many bytes; a file that is shorter has been begun anew."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(said if size >= said else 0)
            _say(file.read().decode("utf-8", errors="replace"))
            return size
    except FileNotFoundError:
        return said


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()

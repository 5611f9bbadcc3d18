"""`gradscape stop`: ends the run of a study, here or on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Address, Home, Insecure, StudyName
from study.commands.arguments.cluster import cluster, latest_job, refuse_home

_GOES_ON = "nothing recorded is lost, and the same command goes on"


def stop(
    study: StudyName,
    now: Annotated[
        bool, typer.Option("--now", help="At once, instead of when what is training is done.")
    ] = False,
    home: Home = None,
    address: Address = None,
    insecure: Insecure = False,
) -> None:
    """Ask the run of a study to finish what is training and end. It can be taken up again.

    Example: gradscape stop digits-mlp --address http://head:8265
    """
    if address is not None:
        refuse_home(home)
        _on_cluster(study, address, insecure=insecure, now=now)
    else:
        _here(study, home, now=now)


def _here(name: str, home: Path | None, *, now: bool) -> None:
    from study.monitoring.stop import stop_driver
    from study.paths import find_study
    from study.tables.home import home_folder

    holder = stop_driver(find_study(home_folder(home), name), now=now)
    how = "at once" if now else "when what is training has finished"
    typer.echo(f"{holder} was asked to end {how}; {_GOES_ON}")


def _on_cluster(name: str, address: str, *, insecure: bool, now: bool) -> None:
    from study.jobs import stop as stop_job

    api = cluster(address, insecure=insecure)
    job = latest_job(api, name)
    if job.ended:
        raise InputError(f"study {name} is not being run on {api.url}; its last job is {job.id}")
    stop_job(api, job, now=now)
    how = "at once" if now else "when what is training has finished"
    typer.echo(f"job {job.id} was asked to end {how}; {_GOES_ON}")

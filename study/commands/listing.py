"""`gradscape list`: the studies of a home folder, or of a cluster."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from study.commands.cluster_options import cluster, refuse_home
from study.commands.options import Address, Home, Insecure, Json
from study.commands.text.verdict_style import COLOURS, verdict_text


def list_studies(
    home: Home = None, address: Address = None, insecure: Insecure = False, as_json: Json = False
) -> None:
    """List the studies of this home with their trials by verdict, or the jobs of a cluster.

    Example: gradscape list --json
    """
    if address is not None:
        refuse_home(home)
        _of_cluster(address, insecure=insecure, as_json=as_json)
    else:
        _of_home(home, as_json=as_json)


def _of_home(home: Path | None, *, as_json: bool) -> None:
    from study.monitoring.status import holder_of
    from study.paths import StudyPaths
    from study.tables import TableStore
    from study.tables.home import home_folder, studies

    folder = home_folder(home)
    rows = []
    for name in studies(folder):
        paths = StudyPaths(home=folder, study=name)
        frame = TableStore(paths.tables).read_trials(columns=["verdict"])
        counts = Counter(frame["verdict"]) if len(frame) else Counter[str]()
        rows.append((name, len(frame), counts, holder_of(paths) is not None))
    if as_json:
        listed = [
            {
                "study": name,
                "trials": n,
                "running": running,
                "verdicts": {verdict: counts.get(verdict, 0) for verdict in COLOURS},
            }
            for name, n, counts, running in rows
        ]
        typer.echo(json.dumps(listed))
        return
    if not rows:
        typer.echo(f"no studies in {folder}; start with: gradscape init")
        return
    table = _table("study", "trials", "", "verdicts")
    for name, n, counts, running in rows:
        table.add_row(name, str(n), "running" if running else "", verdict_text(counts))
    Console(highlight=False).print(table)


def _of_cluster(address: str, *, insecure: bool, as_json: bool) -> None:
    from study.jobs.texts import moment, status_text

    api = cluster(address, insecure=insecure)
    jobs = api.jobs()
    if as_json:
        listed = [
            {
                "study": job.study,
                "job": job.id,
                "state": job.state,
                "started": job.started_s,
                "ended": job.ended_s,
                "exit_code": job.exit_code,
            }
            for job in jobs
        ]
        typer.echo(json.dumps(listed))
        return
    if not jobs:
        typer.echo(f"no studies on {api.url}; start with: gradscape submit")
        return
    table = _table("study", "job", "", "begun", "ended")
    for job in jobs:
        times = moment(job.started_s), moment(job.ended_s)
        table.add_row(job.study, job.id, status_text(job), *times)
    Console(highlight=False).print(table)


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading)
    return table

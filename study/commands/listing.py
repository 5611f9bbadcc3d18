"""`gradscape list`: the studies of a home folder, or of a cluster."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from study.commands.arguments.annotated import Address, Home, Insecure, Json
from study.commands.arguments.cluster import cluster, refuse_home
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
    from study.tables.home import home_folder, no_studies

    folder = home_folder(home)
    rows, problems = _read(folder)
    if as_json:
        listed = [
            {
                "study": name,
                "trials": n,
                "running": running,
                "verdicts": {verdict: counts.get(verdict, 0) for verdict in COLOURS},
                "problem": problems.get(name),
            }
            for name, n, counts, running in rows
        ]
        typer.echo(json.dumps(listed))
        return
    if not rows:
        typer.echo(f"{no_studies(folder)}; start with: gradscape init")
        return
    table = _table("study", "trials", "", "verdicts")
    for name, n, counts, running in rows:
        verdicts = "cannot be read, see below" if name in problems else verdict_text(counts)
        table.add_row(name, str(n), "running" if running else "", verdicts)
    Console(highlight=False).print(table)
    for name, problem in problems.items():
        print(f"gradscape: {name}: {problem}", file=sys.stderr)


def _read(folder: Path) -> tuple[list[tuple[str, int, Counter[str], bool]], dict[str, str]]:
    """Name, trials, verdicts of each study and whether it runs; what is wrong with one by name."""
    from study.errors import TableError
    from study.lease import look
    from study.paths import StudyPaths
    from study.tables import TableStore
    from study.tables.home import studies

    rows = []
    problems: dict[str, str] = {}
    for name in studies(folder):
        paths = StudyPaths(home=folder, study=name)
        counts = Counter[str]()
        try:
            counts.update(TableStore(paths.tables).verdicts().values())
        except TableError as error:
            problems[name] = str(error)
        rows.append((name, counts.total(), counts, look(paths.lock) is not None))
    return rows, problems


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

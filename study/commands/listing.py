"""`gradscape list`: the studies of a home folder."""

from __future__ import annotations

import json
from collections import Counter

import typer
from rich.console import Console
from rich.table import Table

from study.commands.options import Home, Json
from study.commands.verdict_style import COLOURS, verdict_text


def list_studies(home: Home = None, as_json: Json = False) -> None:
    """List the studies of this home with their trials by verdict.

    Example: gradscape list --json
    """
    from study.home import StudyPaths, home_folder, studies
    from study.tables import TableStore

    folder = home_folder(home)
    rows = []
    for name in studies(folder):
        store = TableStore(StudyPaths(home=folder, study=name).tables)
        frame = store.read_trials(columns=["verdict"])
        counts = Counter(frame["verdict"]) if len(frame) else Counter[str]()
        rows.append((name, len(frame), counts))
    if as_json:
        listed = [
            {"study": name, "trials": n, "verdicts": {v: counts.get(v, 0) for v in COLOURS}}
            for name, n, counts in rows
        ]
        typer.echo(json.dumps(listed))
        return
    if not rows:
        typer.echo(f"no studies in {folder}; start with: gradscape init")
        return
    table = Table()
    for heading in ("study", "trials", "verdicts"):
        table.add_column(heading)
    for name, n, counts in rows:
        table.add_row(name, str(n), verdict_text(counts))
    Console(highlight=False).print(table)

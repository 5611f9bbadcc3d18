"""`gradscape import`: watched runs of many processes as one study."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Home, Json
from study.commands.text.watched_runs import run_folders


def import_runs(
    study: Annotated[str, typer.Argument(help="Name of the study to make or to add to.")],
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of watched runs, or folders that hold them.")
    ],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a study of runs that `study.watch(..., tables=FOLDER)` wrote, one trial each.

    A sweep of Optuna, Ray Tune or W&B that watches each of its trials becomes a study: what
    `config=` said of a trial are its hyperparameters. Runs that the study has already are left as
    they are, so that the same command adds what is new.

    Example: gradscape import my-sweep runs/
    """
    from study.tables.home import home_folder
    from study.watching.reporting.importing import import_into

    found = [run for folder in folders for run in run_folders(str(folder))]
    if not found:
        named = ", ".join(map(str, folders))
        raise InputError(
            f"there is no watched run in {named}; `study.watch(..., tables=FOLDER)` writes one"
        )
    verdicts, there = import_into(home_folder(home), study, found)
    if as_json:
        typer.echo(json.dumps({"study": study, "added": len(verdicts), "runs": there}))
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).items())
    typer.echo(f"added {len(verdicts)} runs{': ' + counts if counts else ''}; {there} in all")
    typer.echo(f"report with: gradscape report {study}")

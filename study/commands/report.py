"""`gradscape report`: the stability report of a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from search_spaces.errors import InputError
from study.commands.options import Home, Json


def report(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write the report to."),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the stability report: index.html, tables as Parquet and CSV, summary.json.

    Example: gradscape report digits-mlp -o report
    """
    from analysis import AnalysisError, write_report
    from study.home import home_folder

    try:
        page = write_report(study, home=home_folder(home), out=output)
    except AnalysisError as error:
        raise InputError(str(error)) from error
    typer.echo(json.dumps({"report": str(page)}) if as_json else f"report   {page}")

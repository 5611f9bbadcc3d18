"""`gradscape report`: the stability report of a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search_spaces.errors import InputError
from study.commands.options import Home, Json

if TYPE_CHECKING:
    import pandas as pd


def report(
    study: Annotated[str | None, typer.Argument(help="Name of the study.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write the report to."),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Label the trials anew with this one; may be repeated."
        ),
    ] = None,
    thresholds_from: Annotated[
        Path | None,
        typer.Option(metavar="STUDY.yaml", help="Label the trials anew with this file's."),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Write what changed from study A to study B instead."),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the stability report: index.html, tables as Parquet and CSV, summary.json.

    With other thresholds the trials are labelled anew, without training, and the report goes to
    `report-relabelled` in the study's folder; what is stored stays as it is.

    Example: gradscape report digits-mlp -o report --threshold vanishing_ratio=1e-4
    """
    from analysis import AnalysisError, write_comparison, write_report
    from analysis.tables import study_folder
    from study.home import home_folder

    place = home_folder(home)
    if (study is None) == (compare is None):
        raise InputError("give the name of one study, or --compare A B with those of two")
    if compare is not None and (threshold or thresholds_from is not None):
        raise InputError("--compare takes the verdicts as they are stored, without --threshold")
    try:
        if compare is not None:
            page = write_comparison(*compare, home=place, out=output)
            typer.echo(json.dumps({"report": str(page)}) if as_json else f"report   {page}")
            return
        assert study is not None
        trials = None
        if threshold or thresholds_from is not None:
            tables = study_folder(study, home=place) / "tables"
            trials = _labelled_anew(tables, thresholds_from, threshold or [])
        page = write_report(study, home=place, out=output, trials=trials)
    except AnalysisError as error:
        raise InputError(str(error)) from error
    typer.echo(json.dumps({"report": str(page)}) if as_json else f"report   {page}")


def _labelled_anew(tables: Path, study_file: Path | None, pairs: list[str]) -> pd.DataFrame | None:
    from study.commands.thresholds import changed_thresholds, read_overrides
    from study.tables import TableStore
    from study.verdicts import relabel_study

    read_overrides(pairs)
    store = TableStore(tables)
    stored = store.read_trials(columns=["trial"])
    if stored.empty:
        # The report itself says that there is nothing to report.
        return None
    thresholds = changed_thresholds(stored.attrs.get("thresholds", {}), study_file, pairs)
    return relabel_study(store, thresholds)

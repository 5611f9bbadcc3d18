"""`gradscape report`: the stability report of a study."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Compared, Home, Json, Open, Reported
from study.commands.opened_page import OpenedPage
from study.commands.text.status_line import error_console, status_line
from study.commands.text.watched_runs import page_of_runs

if TYPE_CHECKING:
    import pandas as pd


class TableChoice(StrEnum):
    """What `--tables` takes."""

    auto = "auto"
    all = "all"
    trials = "trials"


def report(
    studies: Reported = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write the report to."),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Label the trials again with this one; may be repeated."
        ),
    ] = None,
    thresholds_from: Annotated[
        Path | None,
        typer.Option(metavar="STUDY.yaml", help="Label the trials again with this file's."),
    ] = None,
    map_of: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="X,Y",
            help="Draw the map of these two hyperparameters (or of one) instead of the most "
            "telling ones; may be repeated.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Draw maps of the trials with this value; may be repeated."
        ),
    ] = None,
    compare: Compared = None,
    together: Annotated[
        bool,
        typer.Option(
            "--together",
            help="Read several studies of the same task and network as one: `report A B "
            "--together`.",
        ),
    ] = False,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            metavar="http://...",
            help="Read the study from this MLflow server, without a home folder; the report goes "
            "to ./STUDY-report, a comparison to ./A-B-comparison.",
        ),
    ] = None,
    figures: Annotated[
        str, typer.Option(metavar="png,svg|none", help="Images of the page's figures.")
    ] = "png,svg",
    tables: Annotated[
        TableChoice,
        typer.Option(help="Tables as Parquet and CSV: as their size allows, all, trials alone."),
    ] = TableChoice.auto,
    home: Home = None,
    open_page: Open = False,
    as_json: Json = False,
) -> None:
    """Write the stability report: index.html, tables, images of its figures, summary.json.

    With other thresholds the trials are labelled again, without training, and the report goes to
    `report-relabelled` in the study's folder; what is stored stays as it is.

    Example: gradscape report digits-mlp --map learning_rate,depth --where activation=tanh
    """
    from analysis import AnalysisError, write_comparison, write_report
    from analysis.reading import study_folder
    from study.commands.arguments.maps import read_maps, read_where
    from study.tables.home import home_folder

    runs = page_of_runs(studies or (), output)
    if runs is not None:
        typer.echo(json.dumps({"report": str(runs)}) if as_json else f"report   {runs}")
        OpenedPage(open_page)(Path(runs))
        return
    home_path = home_folder(home)
    _check_together(
        {
            "STUDY": bool(studies),
            "--together": together,
            "several": len(studies or []) > 1,
            "--compare": compare is not None,
            "--tracking-uri": tracking_uri is not None,
            "--threshold": bool(threshold or thresholds_from),
            "--map": bool(map_of or where),
        }
    )
    maps, chosen = read_maps(map_of or []), read_where(where or [])
    here, wanted = tracking_uri is None, list(compare or studies or [])
    try:
        with ExitStack() as stack:
            on_stage = stack.enter_context(_stages(quiet=as_json))
            if not here:
                on_stage("fetching the tables")
            sources = [stack.enter_context(_source(name, tracking_uri)) for name in wanted]
            if compare is not None:
                on_stage("comparing")
                out = None if here else Path(f"{'-'.join(compare)}-comparison")
                page = write_comparison(*sources, home=home_path, out=output or out)
            else:
                parts = study_folder(sources[0], home=home_path) / "tables"
                page = write_report(
                    sources if together else sources[0],
                    home=home_path,
                    out=output or (None if here else Path(f"{'-'.join(wanted)}-report")),
                    trials=_labelled_again(parts, thresholds_from, threshold or []),
                    maps=maps,
                    where=chosen,
                    tables=tables.value,
                    figures=[] if figures == "none" else figures.split(","),
                    **(_in_no_table(wanted[0], home_path) if here else {}),
                    on_notice=lambda notice: print(notice, file=sys.stderr),
                    on_stage=on_stage,
                )
    except AnalysisError as error:
        raise InputError(_why(error, wanted, home_path)) from error
    typer.echo(json.dumps({"report": str(page)}) if as_json else f"report   {page}")
    OpenedPage(open_page)(Path(page))


_APART = {
    "--together": {
        "--compare": "--compare takes studies apart, --together joins them; give one of the two",
        "--threshold": "--together takes the verdicts as they are stored, without --threshold",
    },
    "--compare": {
        "--map": "--compare chooses its maps itself, without --map and --where",
        "--threshold": "--compare takes the verdicts as they are stored, without --threshold",
    },
}
"""What an option cannot be given with, and why."""


def _check_together(given: Mapping[str, bool]) -> None:
    """Raises InputError if what was given does not go together."""
    if given["STUDY"] == given["--compare"]:
        raise InputError("give the name of one study, or --compare A B with those of two")
    if given["several"] is not given["--together"]:
        raise InputError(
            "several studies are read as one with --together: `gradscape report A B --together`"
        )
    for option, others in _APART.items():
        for other, reason in others.items():
            if given[option] and given[other]:
                raise InputError(reason)


@contextmanager
def _stages(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """On a terminal a line that tells what the report is at; elsewhere nothing."""
    console = error_console()
    if quiet or not console.is_terminal:
        yield lambda stage: None
        return
    with status_line("report", console) as line:
        yield lambda stage: line(f"report: {stage}")


def _source(study: str, tracking_uri: str | None) -> AbstractContextManager[str | Path]:
    """The study's name in the home folder, or the folder into which a server's tables come."""
    from study.commands.tracked_study import tracked_study

    return nullcontext(study) if tracking_uri is None else tracked_study(tracking_uri, study)


def _in_no_table(study: str, home: Path) -> dict[str, Any]:
    """What the report says of a study of the home folder that its tables do not have."""
    from study.monitoring.failed_trials import failure_reasons
    from study.monitoring.status import trials_while_it_runs
    from study.paths import StudyPaths
    from study.tables.home import studies

    # A study may also be asked for by the path of its folder, which names no storage.
    if study not in studies(home):
        return {}
    paths = StudyPaths(home=home, study=study)
    return {"failed": failure_reasons(paths), "planned": trials_while_it_runs(paths)}


def _why(error: Exception, asked: Sequence[str], home: Path) -> str:
    """The error's text; of a study that infrastructure let finish no trial, what went wrong."""
    from study.monitoring.failed_trials import failure_reasons, failures_text
    from study.paths import StudyPaths
    from study.tables import TableStore
    from study.tables.home import studies

    for study in asked:
        if study not in studies(home):
            continue
        reasons = failure_reasons(paths := StudyPaths(home=home, study=study))
        if reasons and TableStore(paths.tables).read_trials(columns=["trial"]).empty:
            return (
                f"study {study!r} has no finished trial to report on: {failures_text(reasons)}; "
                f"`gradscape logs {study}` tells more; once the cause is removed, `gradscape run` "
                f"goes on with more --trials"
            )
    return str(error)


def _labelled_again(
    tables: Path, study_file: Path | None, pairs: list[str]
) -> pd.DataFrame | None:
    """The trials under other thresholds; None if none were given."""
    if not pairs and study_file is None:
        return None
    from study.commands.arguments.thresholds import changed_thresholds, read_overrides
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

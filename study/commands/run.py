"""`gradscape run`: a study from its file to its report."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from study.commands.arguments.annotated import Home, Json, Open, StudyFile
from study.commands.arguments.studies import code_folders
from study.commands.exit_codes import ExitCode
from study.commands.opened_page import OpenedPage
from study.commands.text.progress_bar import watched
from study.commands.text.summary import print_result, result_json

if TYPE_CHECKING:
    import pandas as pd

    from study.monitoring.live_page import LivePage
    from study.monitoring.progress import StudyProgress
    from study.paths import StudyPaths

NEAR_S = 20.0
"""Estimated time left at which the report is prepared; it takes some seconds."""

_logger = logging.getLogger("gradscape.commands")


def run(
    study_file: StudyFile,
    home: Home = None,
    trials: Annotated[
        int | None,
        typer.Option(help="Trials of the study; more than it has extends it.", show_default=False),
    ] = None,
    local_mode: Annotated[
        bool, typer.Option("--local-mode", help="Train in this process, without Ray.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Take the study from another process that runs it."),
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave the report out.")] = False,
    open_page: Open = False,
    as_json: Json = False,
) -> None:
    """Run a study. The same command continues a broken run and extends a finished one.

    Its report is written while it runs too: studies/NAME/report/index.html in the home folder.

    Example: gradscape run digits-mlp.yaml --trials 1024
    """
    from study.study_file import load_study_file

    began_in = Path.cwd()
    config = load_study_file(study_file)
    if trials is not None:
        config = config.with_trials(trials)

    from study.dispatch import InProcessDispatcher
    from study.monitoring.driver_log import console_handler, logged_to
    from study.monitoring.live_page import LivePage
    from study.paths import StudyPaths
    from study.run.run_study import run_study
    from study.run.scaling import run_scaled
    from study.tables import TableStore
    from study.tables.home import home_folder

    paths = StudyPaths(home=home_folder(home).absolute(), study=config.study)
    opened = OpenedPage(open_page)
    live = LivePage(paths, on_first=opened)
    with (
        nullcontext() if no_report else live,
        logged_to(console_handler()),
        _interruptible() as stop,
        watched(config.study, quiet=as_json) as on_progress,
    ):
        run_one = partial(
            run_study,
            home=home,
            dispatcher=InProcessDispatcher() if local_mode else None,
            recommend=_recommend,
            typical=_typical,
            on_progress=on_progress if no_report else _reading_ahead(on_progress),
            stop=stop,
            take_over=take_over,
            code=code_folders(study_file),
        )
        publish = None if no_report else partial(_publish, live)
        result = run_scaled(
            config,
            lambda each, last: run_one(each, publish=publish if last else None),
            lambda: TableStore(paths.tables).read_trials(),
            _window,
        )
    if as_json:
        typer.echo(json.dumps(result_json(result)))
    else:
        print_result(result, began_in)
    opened(paths.report / "index.html")
    if result.stopped and not result.complete:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not result.complete:
        raise typer.Exit(ExitCode.FAILED)


def _reading_ahead(show: Callable[[StudyProgress], None]) -> Callable[[StudyProgress], None]:
    """Shows progress, and imports what the report needs while the last cohorts train."""
    begun = threading.Event()

    def on_progress(progress: StudyProgress) -> None:
        show(progress)
        near = progress.left_s is not None and progress.left_s < NEAR_S
        if near and not begun.is_set():
            begun.set()
            module = "analysis.report.write"
            threading.Thread(target=import_module, args=(module,), daemon=True).start()

    return on_progress


def _typical(paths: StudyPaths) -> Collection[int]:
    from analysis.trials.typical import typical_trials
    from study.tables import TableStore

    trials = TableStore(paths.tables).read_trials()
    return [] if trials.empty else [int(trial) for trial in typical_trials(trials)["trial"]]


def _publish(live: LivePage, paths: StudyPaths, on_stage: Callable[[str], None]) -> Path:
    live.stop()
    from analysis import write_report
    from study.monitoring.failed_trials import failure_reasons

    return write_report(
        paths.study,
        home=paths.home,
        out=paths.report,
        failed=failure_reasons(paths),
        # What MLflow's UI shows beside the page; `gradscape report` draws all, as SVG too.
        figures=["png"],
        figures_of=("verdicts", "maps"),
        on_notice=_logger.warning,
        on_stage=on_stage,
    ).parent


def _window(trials: pd.DataFrame, axis: str, size: int) -> tuple[float, float] | None:
    from analysis.maps.edge_scaling import edge_window

    return edge_window(trials, axis, size)


def _recommend(trials: pd.DataFrame, within: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    from analysis import recommended_region

    return recommended_region(trials, within)


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C lets running cohorts finish, the second stops at once.

    SIGTERM is the same: it is how Ray stops a job.
    """
    stop = threading.Event()

    def interrupt(signum: int, frame: object) -> None:
        if stop.is_set():
            _logger.warning("stopping at once; the same command goes on where it stopped")
            raise KeyboardInterrupt
        stop.set()
        _logger.warning(
            "finishing the cohorts in training, then recording them; "
            "press Ctrl-C again to stop at once (nothing recorded is lost)"
        )

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in signals]
    # Ray starts a job's driver with SIGINT blocked.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    try:
        yield stop
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)

"""Running a study: what is missing is sampled, trained, recorded; what is there is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from study.dispatch import Dispatcher
from study.lease import hold, this_process
from study.monitoring.driver_log import DriverLog
from study.monitoring.progress import StudyProgress
from study.monitoring.study_result import StudyResult
from study.paths import StudyPaths, check_home
from study.preflight.configuration import preflight
from study.run.factories import check_compatible, mlflow_tracker, ray_dispatcher, study_claims
from study.run.invocation import Invocation
from study.study_file import StudyConfig
from study.tables.home import home_folder
from study.tracking import DeferredTracker, Tracker


def run_study(
    config: StudyConfig,
    *,
    home: str | Path | None = None,
    dispatcher: Dispatcher | None = None,
    open_tracker: Callable[[StudyConfig, StudyPaths], Tracker] | None = None,
    publish: Callable[[StudyPaths], Path] | None = None,
    on_progress: Callable[[StudyProgress], None] = lambda progress: None,
    on_notice: Callable[[str], None] = lambda notice: None,
    stop: threading.Event | None = None,
    take_over: bool = False,
    code: Sequence[Path] = (),
) -> StudyResult:
    """Runs a study, continues a broken one, extends one to more trials; a done one is left alone.

    Args:
        config: The study file.
        home: Home folder; by default GRADSCAPE_HOME or ./gradscape.
        dispatcher: Where cohorts are trained; by default on Ray, as `resources` says.
        open_tracker: Opens the tracking of this invocation; by default MLflow.
        publish: Makes the report once trials are recorded and returns its folder.
        on_progress: Called as results arrive.
        on_notice: Called before training with what a person should know of it.
        stop: Set it to finish what is training and end.
        take_over: Take the study from another driver that works on it.
        code: Folders of the person's own modules.

    Raises:
        InputError: If the input is wrong; nothing was started or written then.
        TrainingError: If the person's own network or task fails in training.
        DispatchError: If the cluster is lost.
        LeaseLost: If another driver took the study over.
        TableWriteError: If results cannot be written.
    """
    paths = StudyPaths(home=home_folder(home), study=config.study)
    check_home(paths.home)
    checked = preflight(config, code=code)
    if config.storage is not None:  # Else its folder is this one, which is held first.
        check_compatible(config, paths)
    paths.create()
    stop = stop or threading.Event()
    log = DriverLog(paths.driver_log)
    on_notice = log.also(on_notice)
    with hold(
        study_claims(config, paths),
        this_process(paths.home),
        take_over=take_over,
        on_notice=on_notice,
        on_lost=lambda error: stop.set(),
    ) as lease:
        run = Invocation(
            checked,
            paths,
            lease,
            on_progress=log.also_progress(on_progress),
            on_notice=on_notice,
            stop=stop,
        )
        if run.change is not None:
            on_notice(run.change)
        if run.nothing_left and (publish is None or paths.report_is_current):
            return run.result()
        with log.recorded(paths.driver_record, trials=config.trials):
            for notice in run.notices:
                on_notice(notice)
            paths.study_file.write_text(config.source_text, encoding="utf-8")
            tracker = DeferredTracker(lambda: (open_tracker or mlflow_tracker)(config, paths))
            result = run.execute(dispatcher or ray_dispatcher(config), tracker, publish)
            log.result(result)
            return result

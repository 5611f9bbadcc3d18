"""Running a study: what is missing is sampled, trained, recorded; what is there is left alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from study.dispatch import Dispatcher
from study.dispatch.dispatcher import Train
from study.lease import hold, this_process
from study.monitoring.driver_log import DRIVER, driver_log
from study.monitoring.driver_record import recorded
from study.monitoring.progress import ProgressLines, StudyProgress
from study.monitoring.study_result import StudyResult, log_result
from study.paths import StudyPaths, check_home
from study.preflight.configuration import preflight
from study.run.delivery.missing import all_shown
from study.run.factories import (
    check_compatible,
    mlflow_tracker,
    ray_dispatcher,
    study_claims,
    tracked_trainer,
)
from study.run.invocation import Invocation, Publish
from study.run.kept_files import keep
from study.run.new_trials.confirmation import Confirmation, Recommend
from study.run.resume import plan_resume
from study.run.study_key import study_key
from study.run.trainer import study_trainer
from study.study_file import StudyConfig
from study.tables import TableStore
from study.tables.home import home_folder
from study.tables.staging import claim_staging
from study.tracking import DeferredTracker, Tracker

_logger = logging.getLogger("gradscape.run")
_driver_logger = logging.getLogger(DRIVER)

UNCONFIRMED = (
    "no fresh trials confirm a region: `confirm` needs run_study(..., "
    "recommend=analysis.recommended_region)"
)

UNSCALED = "larger sizes are not trained: `scaling` needs `gradscape run`"


def run_study(
    config: StudyConfig,
    *,
    home: str | Path | None = None,
    dispatcher: Dispatcher | None = None,
    open_tracker: Callable[[StudyConfig, StudyPaths], Tracker] | None = None,
    publish: Publish | None = None,
    recommend: Recommend | None = None,
    typical: Callable[[StudyPaths], Collection[int]] | None = None,
    on_progress: Callable[[StudyProgress], None] = lambda progress: None,
    on_notice: Callable[[str], None] | None = None,
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
        publish: Makes the report once trials are recorded and returns its folder; it says the
            stages of its work to its second argument.
        recommend: Finds the region in which the study's `confirm` fresh trials are trained at the
            end (`analysis.recommended_region`); without it there are none.
        typical: Finds the typical trials of each verdict, which get a run in MLflow where runs
            are sampled.
        on_progress: Called as results arrive.
        on_notice: Called with what a person should know: of the training before it begins, then
            lost cohorts, memory that runs out, outages. The same and more is in `driver.log`, and
            goes to the logger `gradscape` and its children.
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
    # Whole, as a person's own code may go to another folder.
    paths = StudyPaths(home=home_folder(home).absolute(), study=config.study)
    check_home(paths.home)
    checked = preflight(config, code=code)
    # The default journal lies in the study's folder, which is held before the journal is read.
    if config.storage is not None:
        check_compatible(config, paths)
    paths.create()
    stop = stop or threading.Event()
    log_progress = ProgressLines(partial(_driver_logger.info, "%s"))
    me = this_process(paths.home)

    def show(progress: StudyProgress) -> None:
        log_progress(progress)
        on_progress(progress)

    with (
        driver_log(paths.driver_log, on_notice),
        hold(
            study_claims(config, paths),
            me,
            take_over=take_over,
            on_notice=_logger.warning,
            on_lost=lambda error: stop.set(),
        ) as lease,
        claim_staging(paths.tables, me.token, check=lease.check) as staging,
        plan_resume(config, paths, store := TableStore(paths.tables, staging), lease) as resume,
    ):
        if config.confirm and recommend is None:
            _logger.warning("%s", UNCONFIRMED)
        if config.scaling is not None:
            _logger.warning("%s", UNSCALED)
        confirmation = Confirmation(config, resume.plan, resume.ledger, store, lease, recommend)
        run = Invocation(
            checked, paths, lease, store, resume, confirmation, on_progress=show, stop=stop
        )
        if resume.plan.notice is not None:
            _logger.info("%s", resume.plan.notice)
        key = study_key(config, paths, resume.ledger)
        done = resume.nothing_left and not confirmation.due
        done = done and (publish is None or paths.report_is_current)
        if done and (open_tracker or all_shown(config, paths, key, store, resume)):
            return run.result()
        with recorded(paths.driver_record, trials=config.trials):
            for notice in filter(None, [resume.damaged, resume.missing_text, *checked.notices]):
                _logger.warning("%s", notice)
            keep(paths.study_file, config.source_text)
            opened = open_tracker or partial(
                mlflow_tracker,
                key=key,
                check=lease.check,
            )
            tracker = DeferredTracker(lambda: opened(config, paths))
            trainer = study_trainer(
                checked, resume.plan.hyperparameters, checkpoints=paths.checkpoints
            )
            train: Train = trainer
            if open_tracker is None:
                train = tracked_trainer(trainer, config, paths, key)
            workers = dispatcher or ray_dispatcher(config)
            result = run.execute(
                workers, train, tracker, publish, typical if config.tracking.sampled else None
            )
            log_result(result)
            return result

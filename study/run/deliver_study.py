"""Delivering a study without training: what MLflow and Optuna lack comes from the tables."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from study.lease import Lease, hold, this_process
from study.monitoring.driver_log import driver_log
from study.monitoring.driver_record import recorded
from study.paths import StudyPaths
from study.run.delivery.missing import find_missing
from study.run.factories import mlflow_tracker, study_claims
from study.run.finish import deliver_rest, finish, rescue
from study.run.recorder import Recorder
from study.run.resume import ResumePlan, plan_resume
from study.run.study_key import study_key
from study.secrets import masked
from study.study_file import StudyConfig
from study.tables import TableStore
from study.tables.staging import claim_staging
from study.tracking import DeferredTracker, Tracker

_logger = logging.getLogger("gradscape.run")


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of a delivery.

    Attributes:
        study: Name of the study.
        where: MLflow's address, without its password; None for the home's own.
        recorded: Trials whose rows are in this home.
        sampled: Whether MLflow is to show a share of them alone.
        missing: Those of them whose run MLflow lacked, or that Optuna did not know.
        delivered: Those of the missing that both have now.
        notice: What a person has to know beside; None if there is nothing.
    """

    study: str
    where: str | None
    recorded: int
    sampled: bool
    missing: int
    delivered: int
    notice: str | None

    @property
    def text(self) -> str:
        """One line for people."""
        mlflow = f"MLflow at {self.where}" if self.where else "MLflow"
        if not self.missing:
            which = "every sampled one of" if self.sampled else "all"
            return f"study {self.study}: {mlflow} has the runs of {which} {self.recorded} trials"
        text = (
            f"study {self.study}: {self.missing} of {self.recorded} trials were missing in "
            f"{mlflow}; {self.delivered} delivered"
        )
        return text if self.notice is None else f"{text} ({self.notice})"


def deliver_study(
    config: StudyConfig,
    paths: StudyPaths,
    *,
    take_over: bool = False,
    on_notice: Callable[[str], None] | None = None,
) -> Delivered:
    """Delivers every recorded trial that MLflow does not show or Optuna does not know.

    Args:
        config: The study file as it was last run.
        paths: Files of the study.
        take_over: Take the study from another driver that works on it.
        on_notice: Called with what a person should know.

    Raises:
        InputError: If the study is being run, or its storage is not the one that it was run with.
        StorageUnavailable: If Optuna's storage does not answer.
        TrackingUnavailable: If MLflow does not answer.
    """
    me = this_process(paths.home)
    with (
        driver_log(paths.driver_log, on_notice),
        hold(
            study_claims(config, paths), me, take_over=take_over, on_notice=_logger.warning
        ) as lease,
        claim_staging(paths.tables, me.token, check=lease.check) as staging,
        plan_resume(config, paths, store := TableStore(paths.tables, staging), lease) as resume,
    ):
        if resume.damaged is not None:
            _logger.warning("%s; `gradscape run` trains those trials again", resume.damaged)
        key = study_key(config, paths, resume.ledger)
        missing = sorted({*find_missing(config, paths, key, store, resume), *resume.redeliver})
        undelivered: Sequence[int] = ()
        notice = None
        if missing:
            with recorded(paths.driver_record, trials=resume.total):
                tracker = DeferredTracker(
                    partial(mlflow_tracker, config, paths, key=key, check=lease.check)
                )
                undelivered, notice = _deliver(config, paths, lease, store, tracker, resume)
    return Delivered(
        study=config.study,
        where=None if config.tracking_uri is None else masked(config.tracking_uri),
        recorded=resume.recorded,
        sampled=config.tracking.sampled,
        missing=len(missing),
        delivered=len(missing) - len(undelivered),
        notice=notice,
    )


def _deliver(
    config: StudyConfig,
    paths: StudyPaths,
    lease: Lease,
    store: TableStore,
    tracker: Tracker,
    resume: ResumePlan,
) -> tuple[Sequence[int], str | None]:
    """The trials that are still missing afterwards, and why."""
    recorder = Recorder(
        lease=lease,
        store=store,
        tracker=tracker,
        ledger=resume.ledger,
        shows=config.tracking.shows,
    )
    try:
        recorder.redeliver(resume.redeliver)
        recorder.look_over(delivered=resume.delivered, failed=resume.failed)
        deliver_rest(recorder, stopped=False)
    except BaseException as error:
        rescue(recorder, tracker, error)
        raise
    recorder.close()
    if recorder.undelivered:
        return recorder.undelivered, recorder.progress.outage
    report = paths.report if (paths.report / "index.html").exists() else None
    counts = Counter(store.read_trials(columns=["verdict"])["verdict"])
    return (), finish(lease, tracker, paths, report, counts, stopped=False, early=False)

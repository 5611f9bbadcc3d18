"""Trials that were delivered and that MLflow does not show any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from study.errors import TrackingUnavailable
from study.paths import StudyPaths
from study.run.resume import ResumePlan
from study.study_file import StudyConfig
from study.tables import TableStore
from study.tracking import StudyKey, default_tracking_uri, present_runs

_logger = logging.getLogger("gradscape.run")


def find_missing(
    config: StudyConfig, paths: StudyPaths, key: StudyKey, store: TableStore, resume: ResumePlan
) -> list[int]:
    """Which delivered trials MLflow does not show, found out without changing anything there.

    Raises:
        TrackingUnavailable: If it does not answer.
    """
    uri = config.tracking_uri or default_tracking_uri(paths.home)
    shown = present_runs(uri, study=config.study, keys=key.all)
    return missing_trials(store, shown, resume.delivered, config.tracking.shows)


def all_shown(
    config: StudyConfig, paths: StudyPaths, key: StudyKey, store: TableStore, resume: ResumePlan
) -> bool:
    """Whether MLflow shows every trial of a study that is done; told if that is not known."""
    try:
        return not find_missing(config, paths, key, store, resume)
    except TrackingUnavailable as error:
        _logger.warning("%s; so it is not known whether it still has every run", error)
        return True


def missing_trials(
    store: TableStore,
    shown: Collection[str] | None,
    delivered: Collection[int],
    shows: Callable[[int], bool],
) -> list[int]:
    """Which trials have no run that others see: deleted there, or logged to another server.

    Args:
        store: The study's tables, which name each trial's run.
        shown: Ids of the runs that there are; None where trials have none.
        delivered: Numbers of recorded trials that Optuna knows.
        shows: Whether a trial gets a run as soon as it is trained.
    """
    if shown is None:
        return []
    runs = store.recorded_runs()
    return sorted(
        trial
        for trial in delivered
        if (trial in runs or shows(trial)) and runs.get(trial) not in shown
    )


def missing_text(missing: Collection[int], of: int) -> str:
    """What a person has to know of them."""
    return (
        f"MLflow lacks the runs of {len(missing)} of {of} trials that are recorded; they are "
        "delivered again from the tables"
    )

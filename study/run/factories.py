"""The claims, the tracker and the dispatcher that a study file asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.errors import InputError
from study.dispatch import Dispatcher
from study.dispatch.dispatcher import Train
from study.lease import Claim, LeaseTable, LockFile
from study.lease.database_lease import TERM_S
from study.ledger import stored_study
from study.paths import StudyPaths
from study.preflight.folders import journal_problem
from study.run.space_history import plan_study
from study.study_file import StudyConfig
from study.tracking import (
    MlflowTracker,
    StudyKey,
    Tracker,
    artifact_folder,
    default_tracking_uri,
    is_server,
)
from study.tracking.artifacts.folders import root_uri

if TYPE_CHECKING:
    from study.worker.cohort_trainer import CohortTrainer

LEASE_VARIABLE = "GRADSCAPE_LEASE_SECONDS"
"""Time after which anybody may have a study whose driver no longer renews its lease."""


SERVED = ("postgresql", "mysql")
"""Data bases that take several writers at once, from anywhere."""


def study_claims(config: StudyConfig, paths: StudyPaths) -> list[Claim]:
    """What a driver has to hold to work on a study: its tables' folder, and its storage.

    Raises:
        StorageUnavailable: If the storage cannot be opened.
    """
    folder = LockFile(paths.lock, study=config.study)
    if config.storage is None:
        return [folder]
    if "://" in config.storage:
        term_s = _lease_term_s()
        return [folder, LeaseTable(config.storage, study=config.study, term_s=term_s)]
    journal = Path(config.storage)
    lock = journal.with_name(f"{journal.name}.{config.study}.lock")
    journal.parent.mkdir(parents=True, exist_ok=True)
    return [folder, LockFile(lock, study=config.study)]


def _lease_term_s() -> float:
    given = os.environ.get(LEASE_VARIABLE, "")
    try:
        term_s = float(given or TERM_S)
    except ValueError:
        term_s = 0.0
    if not 1.0 <= term_s <= 86400.0:
        raise InputError(f"{LEASE_VARIABLE} must be seconds from 1 to 86400, but got {given!r}")
    return term_s


def check_compatible(config: StudyConfig, paths: StudyPaths) -> None:
    """Refuses a study file whose trials cannot join those that the study holds.

    Raises:
        InputError: If they cannot, with each difference; if the storage is a file of another kind.
        StorageUnavailable: If the storage cannot be opened.
    """
    storage = config.storage or paths.journal
    if "://" not in str(storage) and (problem := journal_problem(Path(storage))):
        raise InputError(
            f"must be the file of a journal or the URL of a data base, but {storage}: {problem}",
            key="storage",
        )
    plan_study(config, *stored_study(name=config.study, storage=storage))


def continuation(config: StudyConfig, paths: StudyPaths) -> str | None:
    """How the study file goes on with the study that there is; None if there is none.

    Raises:
        InputError: If its trials cannot join the study's; the message names each difference.
        StorageUnavailable: If the storage cannot be opened.
    """
    storage = config.storage or paths.journal
    stored, trials = stored_study(name=config.study, storage=storage)
    if not stored:
        return None
    plan = plan_study(config, stored, trials)
    change = plan.notice
    new = max(0, config.trials - plan.versions.numbering.place(trials))
    has = f"study {config.study} has {trials} trials; a run would add {new}"
    return has if change is None else f"{has}; {change}"


def mlflow_tracker(
    config: StudyConfig,
    paths: StudyPaths,
    *,
    key: StudyKey,
    check: Callable[[], None] = lambda: None,
) -> Tracker:
    """Opens the MLflow run of this invocation.

    Args:
        config: Names the MLflow server or data base, the study and its task and network.
        paths: Home folder and folder of the study, where MLflow has none of its own.
        key: By which the study's runs are told from those of others of its name.
        check: Raises if the study is somebody else's; called before a trial's run is made, and
            before it is finished.

    Raises:
        TrackingUnavailable: If MLflow does not answer.
    """
    # A server decides for itself; a data base alone would put them into the current folder.
    served = config.tracking_uri is not None and is_server(config.tracking_uri)
    return MlflowTracker.open(
        tracking_uri=config.tracking_uri or default_tracking_uri(paths.home),
        study=config.study,
        study_file=config.source_text,
        artifacts=None if served else artifact_folder(paths.home),
        own_file=config.tracking_uri is None,
        database=config.tracking.database,
        tags={"gradscape.task": config.task, "gradscape.network": config.network},
        study_key=key,
        check=check,
    )


def tracked_trainer(
    trainer: CohortTrainer, config: StudyConfig, paths: StudyPaths, key: StudyKey
) -> Train:
    """The trainer, with what writes its cohorts' MLflow runs on a worker, where workers can.

    A file has one writer at a time, and perhaps is on the driver's disk; a server takes runs from
    whoever comes, but with an id of its own choice, so that a second one would double them.

    Args:
        trainer: Trains.
        config: Names where MLflow is, and which trials it shows.
        paths: Home folder.
        key: The study's.
    """
    served = config.tracking_uri is not None and is_server(config.tracking_uri)
    database = config.tracking.database if served else config.tracking_uri
    if database is None or database.partition(":")[0].partition("+")[0] not in SERVED:
        return trainer
    # Here: a study in a file needs none of it.
    from study.tracking.database.from_workers import RunsFromWorkers
    from study.worker.tracked_trainer import TrackedTrainer

    runs = RunsFromWorkers(
        database,
        study=config.study,
        key=key.own,
        root=None if served else root_uri(artifact_folder(paths.home)),
        shows=config.tracking.shows,
    )
    return TrackedTrainer(trainer=trainer, runs=runs)


def ray_dispatcher(config: StudyConfig) -> Dispatcher:
    """Workers on Ray, as the study file's `resources` says."""
    # Here: a study in this process never imports Ray.
    from study.dispatch import RayTuneDispatcher
    from study.dispatch.cluster.placement import WorkerResources

    resources = config.resources
    return RayTuneDispatcher(
        workers=None if resources.workers == "auto" else int(resources.workers),
        resources=WorkerResources(
            cpus=resources.cpus_per_worker,
            gpus=resources.gpus_per_worker,
            custom=resources.custom_resources,
            labels=resources.labels,
        ),
        limit_s=None if resources.cohort_minutes is None else 60 * resources.cohort_minutes,
    )

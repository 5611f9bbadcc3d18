"""The ledger, the trainer, the tracker and the dispatcher that a study file asks for."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_spaces.errors import InputError
from search_spaces.samplers import make_sampler
from search_spaces.seeds import trial_seed
from study.description import describe, differences
from study.dispatch import Dispatcher
from study.engine import Checkpoints
from study.home import StudyPaths
from study.lease import Claim, LeaseTable, LockFile
from study.lease.table import TERM_S
from study.ledger import TrialLedger, open_ledger, stored_description
from study.preflight import Preflight
from study.study_file import StudyConfig
from study.tables import StudyMetadata
from study.tracking import MlflowTracker, Tracker, artifact_location, default_tracking_uri
from study.trainer import CohortTrainer

LEASE_VARIABLE = "GRADSCAPE_LEASE_SECONDS"
"""Time after which anybody may have a study whose driver no longer renews its lease."""


def study_claims(config: StudyConfig, paths: StudyPaths) -> list[Claim]:
    """What one has to hold to work on a study: its tables' folder, and its storage.

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
    """Refuses a study file that describes other trials than the study holds.

    Raises:
        InputError: If it does; the message names each difference.
        StorageUnavailable: If the storage cannot be opened.
    """
    stored = stored_description(name=config.study, storage=config.storage or paths.journal)
    if not stored:
        return
    found = differences(stored, describe(config))
    if found:
        raise InputError(
            f"study {config.study} exists with other settings; give this one another name, or "
            f"restore: {'; '.join(found)}",
            key="study",
            file=config.file,
        )


def study_ledger(config: StudyConfig, paths: StudyPaths) -> TrialLedger:
    """The Optuna study, made if there is none.

    Raises:
        StorageUnavailable: If the storage cannot be opened.
    """
    return open_ledger(
        name=config.study,
        storage=config.storage or paths.journal,
        sampler=make_sampler(
            config.sampler, space=config.space, seed=config.seed, seeds=config.seeds
        ),
        space=config.space,
        seeds=config.seeds,
        seed_of=lambda number: trial_seed(config.seed, number),
        description=describe(config),
    )


def study_trainer(
    checked: Preflight,
    hyperparameters: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    checkpoints: Path | None = None,
) -> CohortTrainer:
    """What a worker does with this study's cohorts.

    Args:
        checked: The study file.
        hyperparameters: Columns of the tables as their metadata has them; the space's by default.
        checkpoints: Folder for the state of long cohorts, if they are to keep it.
    """
    config = checked.config
    metadata = StudyMetadata(
        study=config.study,
        task=config.task,
        network=config.network,
        hyperparameters=hyperparameters or config.space.metadata(),
        thresholds=checked.thresholds.to_dict(),
        task_options=config.written_task_options,
        metric=checked.task.metric_name,
    )
    return CohortTrainer(
        tasks=checked.tasks,
        network=config.network,
        steps=config.steps,
        metadata=metadata,
        thresholds=checked.thresholds,
        statistics=config.statistics,
        device="cuda" if config.resources.gpus_per_worker else "cpu",
        threads=config.resources.cpus_per_worker,
        share=min(1.0, config.resources.gpus_per_worker or 1.0),
        checkpoints=None
        if checkpoints is None
        else Checkpoints(
            folder=checkpoints.absolute(), every_s=60 * config.resources.checkpoint_minutes
        ),
        code=checked.code,
    )


def mlflow_tracker(config: StudyConfig, paths: StudyPaths) -> Tracker:
    """The MLflow run of this invocation.

    Raises:
        TrackingUnavailable: If MLflow does not answer.
    """
    own = config.tracking_uri is None
    return MlflowTracker.open(
        tracking_uri=config.tracking_uri or default_tracking_uri(paths.home),
        study=config.study,
        study_file=config.source_text,
        artifact_location=artifact_location(paths.home) if own else None,
        tags={"gradscape.task": config.task, "gradscape.network": config.network},
        place=_place(paths),
    )


def ray_dispatcher(config: StudyConfig) -> Dispatcher:
    """Workers on Ray, as the study file's `resources` says."""
    # Here: a study in this process never imports Ray.
    from study.dispatch import RayTuneDispatcher
    from study.dispatch.cluster import WorkerResources

    resources = config.resources
    return RayTuneDispatcher(
        workers=None if resources.workers == "auto" else int(resources.workers),
        resources=WorkerResources(cpus=resources.cpus_per_worker, gpus=resources.gpus_per_worker),
    )


def _place(paths: StudyPaths) -> str:
    """Tells this study's folder from all others, in letters that an MLflow filter takes."""
    text = f"{socket.gethostname()}:{paths.folder.resolve()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]

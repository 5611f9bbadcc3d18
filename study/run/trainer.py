"""What trains the cohorts of a study file; it needs none of its data bases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from study.engine import Checkpoints
from study.preflight.configuration import Preflight
from study.secrets import public_address
from study.stopping import DECIDED
from study.study_file.fields import sharpness_steps
from study.tables import StudyMetadata
from study.worker.cohort_trainer import CohortTrainer


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
        tracking_uri=public_address(config.tracking_uri),
    )
    return CohortTrainer(
        tasks=checked.tasks,
        network=config.network,
        steps=config.steps,
        metadata=metadata,
        thresholds=checked.thresholds,
        statistics=config.statistics,
        sharpness_steps=sharpness_steps(config.sharpness_steps, config.steps),
        stop=config.stop == DECIDED,
        device="cuda" if config.resources.training_gpus else "cpu",
        threads=config.resources.cpus_per_worker,
        share=min(1.0, config.resources.training_gpus or 1.0),
        checkpoints=None
        if checkpoints is None
        else Checkpoints(
            folder=checkpoints.absolute(), every_s=60 * config.resources.checkpoint_minutes
        ),
        code=checked.code,
    )

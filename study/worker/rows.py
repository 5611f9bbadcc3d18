"""From what the engine recorded to the rows of the three tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from study.engine import CohortRecord, Task
from study.engine.observing.recorded_steps import recorded_steps
from study.engine.quantities.clipped_fraction import clipped_fraction
from study.tables import LAYERS, STEPS, CohortTables, StudyMetadata, to_arrow, trial_columns
from study.verdicts import Thresholds, label_trials
from study.worker.failure_columns import failure_columns
from study.worker.loss_figures import loss_figures, metric_figures
from study.worker.task_facts import task_facts
from study.worker.theory_columns import predictions
from study.worker.wiring_columns import wiring_columns

Array = npt.NDArray[np.float64]


def cohort_tables(
    record: CohortRecord, *, task: Task, metadata: StudyMetadata, thresholds: Thresholds
) -> CohortTables:
    """The tables of a cohort, labels included.

    Args:
        record: What training left behind.
        task: Gives chance, ceiling and target.
        metadata: Goes into the tables; names the hyperparameters that get a column.
        thresholds: Where one label ends and the next begins.
    """
    columns = trial_columns(metadata)
    trials, steps, layers = frames(record, task, metadata)
    expected = predictions(record, task=task, network=metadata.network)
    trials = trials.assign(**pd.DataFrame(expected, index=trials.index))
    trials = label_trials(trials, layers, thresholds, steps=steps, metric=task.metric_name)
    return CohortTables(
        trials=to_arrow(trials, columns, metadata),
        steps=to_arrow(steps, STEPS, metadata),
        layers=to_arrow(layers, LAYERS, metadata),
    )


def frames(
    record: CohortRecord, task: Task, metadata: StudyMetadata
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Makes the rows of trials, steps and layers as they were measured, without labels."""
    rows, layers = _trial_rows(record, task, list(metadata.hyperparameters)), _layers(record)
    return pd.DataFrame(rows), _steps(record), layers


def _trial_rows(
    record: CohortRecord, task: Task, hyperparameters: Sequence[str]
) -> list[dict[str, object]]:
    seconds = record.seconds / len(record.trials)
    facts = task_facts(task)
    rows = []
    for k, trial in enumerate(record.trials):
        ran = int(record.steps_run[k])
        row: dict[str, object] = {
            "trial": trial.number,
            "configuration": trial.configuration,
            "seed": trial.seed,
            "design": trial.design,
            "confirms": trial.confirms,
            "steps_run": ran,
            "decided_step": decided if (decided := int(record.decided_step[k])) >= 0 else None,
            **failure_columns(record, k, loss_chance=task.loss_chance),
            "loss_chance": task.loss_chance,
            "metric_chance": task.chance,
            "metric_ceiling": task.ceiling,
            "metric_target": task.target,
            "clipped_fraction": clipped_fraction(record.clip_factor[k, :ran]),
            "update_ratio_median": _median(record.update_ratio[k]),
            "update_ratio_max": _largest(record.update_ratio[k]),
            "sharpness_initial": record.sharpness[k, 0],
            "output_bound": record.output_bound,
            **wiring_columns(record.wiring, record.layers),
            "train_seconds": seconds,
            **facts,
            "mlflow_run_id": None,
        }
        row |= {name: trial.hyperparameters.get(name) for name in hyperparameters}
        row |= loss_figures(record, k, task)
        row |= metric_figures(record, k, task)
        row |= _gradient_figures(record.grad_norm[k, :ran])
        rows.append(row)
    return rows


def _gradient_figures(grad_norm: Array) -> dict[str, object]:
    return {
        "grad_norm_initial": grad_norm[0],
        "grad_norm_median": _median(grad_norm),
        "grad_norm_max": _finite(grad_norm, np.max),
    }


def _finite(values: Array, choose) -> float:  # type: ignore[no-untyped-def]
    finite = values[np.isfinite(values)]
    return float(choose(finite)) if len(finite) else np.nan


def _median(values: Array) -> float:
    return _finite(values, np.median)


def _largest(values: Array) -> float:
    """Of the recorded ones, infinities included: an update may be too large for its type."""
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else np.nan


def _steps(record: CohortRecord) -> pd.DataFrame:
    """One row a trial and recorded step that counts."""
    counts_KxR = record.recorded < record.steps_run[:, None]
    k, r = np.nonzero(counts_KxR)
    step = record.recorded[r]
    numbers = np.array([trial.number for trial in record.trials])
    frame = {"trial": numbers[k], "step": step}
    for name in ("loss", "metric", "grad_norm", "clip_factor", "learning_rate"):
        frame[name] = getattr(record, name)[k, step]
    for name in ("update_ratio", "noise_scale", "sharpness"):
        frame[name] = getattr(record, name)[k, r]
    return pd.DataFrame(frame)


def _layers(record: CohortRecord) -> pd.DataFrame:
    """One row a trial, recorded step that counts, and layer; none where none was measured."""
    if not record.by_layer:
        return pd.DataFrame({column.name: pd.Series(dtype=object) for column in LAYERS})
    # Between recorded steps a schedule of one's own looks at sharpness alone.
    measured_R = np.isin(record.recorded, recorded_steps(record.loss.shape[1]))
    counts_KxR = (record.recorded < record.steps_run[:, None]) & measured_R
    k, r = np.nonzero(counts_KxR)
    layers = len(record.layers)
    numbers = np.array([trial.number for trial in record.trials])
    frame: dict[str, object] = {
        "trial": np.repeat(numbers[k], layers),
        "step": np.repeat(record.recorded[r], layers),
        "layer": np.tile([layer.number for layer in record.layers], len(k)),
        "name": np.tile([layer.name for layer in record.layers], len(k)),
        "role": np.tile([layer.role for layer in record.layers], len(k)),
        "calls": np.tile([layer.calls if layer.in_time else 1 for layer in record.layers], len(k)),
    }
    for name, values_KxRxL in record.by_layer.items():
        frame[name] = values_KxRxL[k, r].reshape(-1)
    return pd.DataFrame(frame)

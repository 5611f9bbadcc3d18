"""Tables of trials that were never trained."""

from __future__ import annotations

import math

import pandas as pd

from study.tables import CohortTables, StudyMetadata, to_arrow, trial_columns
from study.tables.schema import LAYERS, STEPS

RECORDED = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 199)
VERDICTS = ("stable", "exploding", "vanishing")


def sample_metadata() -> StudyMetadata:
    return StudyMetadata(
        study="digits",
        task="digits",
        network="mlp",
        hyperparameters={
            "depth": {"kind": "choice", "choices": [2, 4]},
            "activation": {"kind": "choice", "choices": ["tanh", "relu"]},
            "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
            "clip_norm": {"kind": "choice", "choices": ["none", 1.0]},
            "momentum": {"kind": "range", "low": 0.0, "high": 0.9, "log": False},
        },
        thresholds={},
    )


def sample_tables(trials, *, layers: int = 4) -> CohortTables:
    """Trial n has verdict n % 3, momentum only where n is even, loss 1 / (1 + step)."""
    metadata = sample_metadata()
    columns = trial_columns(metadata)
    trial_rows = [_trial_row(trial, [column.name for column in columns]) for trial in trials]
    step_rows = [_step_row(trial, step) for trial in trials for step in RECORDED]
    layer_rows = [
        _layer_row(trial, step, layer, layers)
        for trial in trials
        for step in RECORDED
        for layer in range(1, layers + 1)
    ]
    return CohortTables(
        trials=to_arrow(pd.DataFrame(trial_rows), columns, metadata),
        steps=to_arrow(pd.DataFrame(step_rows), STEPS, metadata),
        layers=to_arrow(pd.DataFrame(layer_rows), LAYERS, metadata),
    )


def _trial_row(trial: int, names: list[str]) -> dict[str, object]:
    known = {
        "trial": trial,
        "configuration": trial // 2,
        "seed": 1000 + trial,
        "depth": 4,
        "activation": "tanh",
        "learning_rate": 0.1,
        "clip_norm": math.inf,
        "momentum": 0.5 if trial % 2 == 0 else None,
        "outcome": "trained" if trial % 3 == 0 else "diverged",
        "regime_initial": "healthy",
        "regime_final": "healthy",
        "verdict": VERDICTS[trial % 3],
        "explanation": f"trial {trial} did what it did",
        "steps_run": 200,
        "loss_initial": 2.3,
        "loss_final": math.nan if trial % 3 == 1 else 0.1,
        "metric_final": 0.9,
        "grad_norm_max": 3.0,
        "clipped_fraction": 0.5,
        "train_seconds": 0.5,
    }
    return {name: known.get(name) for name in names}


def _step_row(trial: int, step: int) -> dict[str, object]:
    return {
        "trial": trial,
        "step": step,
        "loss": math.nan if trial % 3 == 1 and step > 100 else 1.0 / (1 + step),
        "metric": 0.5,
        "grad_norm": 2.0,
        "clip_factor": 0.5 if step < 3 else 1.0,
        "learning_rate": 0.1,
        "update_ratio": 1e-3,
        "noise_scale": None,
        "sharpness": None,
    }


def _layer_row(trial: int, step: int, layer: int, layers: int) -> dict[str, object]:
    row: dict[str, object] = {column.name: 0.5 for column in LAYERS}
    row |= {"trial": trial, "step": step, "layer": layer, "name": f"hidden.{layer}"}
    row |= {"role": "output" if layer == layers else "hidden", "nonfinite_count": 0, "calls": 1}
    row["weight_count"] = 4096
    # First over last hidden layer: 2**(layers - 2) fewer, whatever the output layer does.
    row["delta_rms"] = 100.0 if layer == layers else 2.0**layer
    return row

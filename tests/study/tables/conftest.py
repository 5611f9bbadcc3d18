"""A small cohort's tables, as DataFrames and as the typed bundle."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from study.tables import LAYERS, STEPS, CohortTables, StudyMetadata, to_arrow, trial_columns
from study.tables.schema import Column

MakeFrame = Callable[..., pd.DataFrame]
MakeBundle = Callable[..., CohortTables]


@pytest.fixture
def metadata() -> StudyMetadata:
    return StudyMetadata(
        study="digits-mlp",
        task="digits",
        network="mlp",
        metric="accuracy",
        hyperparameters={
            "depth": {"kind": "choice", "choices": [2, 4]},
            "activation": {"kind": "fixed", "value": "tanh"},
            "learning_rate": {"kind": "range", "low": 1e-4, "high": 1.0, "log": True},
            "clip_norm": {"kind": "choice", "choices": ["none", 1.0]},
            "momentum": {"kind": "fixed", "value": 0.9},
        },
        thresholds={"vanishing_ratio": 1e-3},
    )


def _filled(columns: tuple[Column, ...], rows: int) -> pd.DataFrame:
    values: dict[str, object] = {
        "int64": np.arange(rows),
        "float64": np.linspace(0.1, 1.0, rows),
        "string": ["text"] * rows,
    }
    return pd.DataFrame({column.name: values[column.type] for column in columns})


@pytest.fixture
def make_trials(metadata: StudyMetadata) -> MakeFrame:
    def make(numbers: list[int]) -> pd.DataFrame:
        frame = _filled(trial_columns(metadata), len(numbers))
        return frame.assign(
            trial=numbers,
            depth=[2 + 2 * (number % 2) for number in numbers],
            activation="tanh",
            clip_norm=["none" if number % 2 else 1.0 for number in numbers],
            momentum=[None if number % 2 else 0.9 for number in numbers],
            loss_final=[math.inf if number % 3 == 1 else 0.5 for number in numbers],
            failure_step=[3 if number % 3 == 1 else None for number in numbers],
            failure_tensor=["loss" if number % 3 == 1 else None for number in numbers],
            mlflow_run_id=None,
        )

    return make


@pytest.fixture
def make_bundle(metadata: StudyMetadata, make_trials: MakeFrame) -> MakeBundle:
    """A bundle of the given trials, 2 steps of 3 layers each; `mark` is every step's loss."""

    def make(numbers: list[int], *, mark: float = 0.0) -> CohortTables:
        pairs = [(number, step) for number in numbers for step in (0, 1)]
        triples = [(*pair, layer) for pair in pairs for layer in (1, 2, 3)]
        steps = _filled(STEPS, len(pairs)).assign(loss=mark)
        steps[["trial", "step"]] = pairs
        layers = _filled(LAYERS, len(triples))
        layers[["trial", "step", "layer"]] = triples
        return CohortTables(
            trials=to_arrow(make_trials(numbers), trial_columns(metadata), metadata),
            steps=to_arrow(steps, STEPS, metadata),
            layers=to_arrow(layers, LAYERS, metadata),
        )

    return make

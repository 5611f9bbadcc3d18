"""Keras models run as their operations: the same numbers, to the bit, where that is safe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study.adapters.keras import traced
from study.engine import Task, train_cohort
from tests.study.adapters.keras import models
from tests.study.engine.conftest import make_trial

keras, layers = models.keras, models.layers


class Impatient(layers.Layer):
    """A layer of a person's own, whose Python decides: it doubles what it is given five times."""

    calls = 0

    def call(self, inputs: Any) -> Any:
        self.calls += 1
        return inputs * (2 if self.calls <= 5 else 1)


def impatient(hyperparameters: models.Values, task: Task) -> Any:
    return keras.Sequential([layers.Flatten(), Impatient(), layers.Dense(task.outputs)])


def dropping(hyperparameters: models.Values, task: Task) -> Any:
    return keras.Sequential(
        [layers.Flatten(), layers.Dense(8), layers.Dropout(0.5), layers.Dense(task.outputs)]
    )


@pytest.mark.parametrize(
    ("network", "written"),
    [
        (models.dense, True),
        (models.channels_last, True),
        (impatient, False),
        (dropping, False),
    ],
)
@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_numbers_are_those_of_keras_to_the_bit(
    digits: Task, network: Any, written: bool, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if network is dropping and execution == "vectorized":
        pytest.skip("random numbers are drawn one trial after another")
    made: list[Any] = []
    original = traced._written_down
    monkeypatch.setattr(
        traced, "_written_down", lambda *given: made.append(original(*given)) or made[-1]
    )
    records = []
    for calls in (10**9, 2):
        monkeypatch.setattr(traced, "CALLS", calls)
        trials = [make_trial(k, dtype="float32", learning_rate=0.03) for k in range(2)]
        records.append(
            train_cohort(trials, task=digits, network=network, steps=12, execution=execution)
        )
    assert any(graph is not None for graph in made) == written
    alone, together = records
    for name in ("loss", "grad_norm", "update_ratio"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
    for name, values in alone.by_layer.items():
        np.testing.assert_array_equal(together.by_layer[name], values, err_msg=name)

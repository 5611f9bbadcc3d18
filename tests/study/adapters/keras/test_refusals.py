"""Keras models that would silently do something else than their authors meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from torch import nn

from study.engine import NetworkError, Task
from study.engine.networks.building import build_network
from tests.study.adapters.keras import models

layers = models.layers


def refused(task: Task, made: Any, hyperparameters: Mapping[str, Any] | None = None) -> str:
    with pytest.raises(NetworkError) as raised:
        build_network(lambda values, task: made(), hyperparameters or {}, task)
    return str(raised.value)


def sequential(*middle: Any) -> Any:
    return models.keras.Sequential([layers.Flatten(), *middle, layers.Dense(10)])


def test_regularizers_and_constraints(digits: Task) -> None:
    said = refused(digits, lambda: sequential(layers.Dense(4, kernel_regularizer="l2")))
    assert "dense" in said and "/kernel has a regularizer" in said and "weight_decay: 0.02" in said
    said = refused(digits, lambda: sequential(layers.Dense(4, bias_constraint="non_neg")))
    assert "/bias has a constraint" in said


def test_losses_of_its_own(digits: Task) -> None:
    said = refused(digits, lambda: sequential(layers.Dense(4, activity_regularizer="l2")))
    assert "a layer of the Keras model adds a loss of its own" in said


def test_double_precision(digits: Task) -> None:
    said = refused(digits, lambda: models.dense({}, digits), {"dtype": "float64"})
    assert "Keras computes in float32" in said and "may be float32 or bfloat16" in said


def test_torch_and_keras_mixed(digits: Task) -> None:
    said = refused(digits, lambda: sequential(layers.TorchModuleWrapper(nn.Linear(64, 4))))
    assert "wraps a torch Linear" in said
    said = refused(digits, lambda: nn.Sequential(nn.Flatten(), layers.Dense(10)))
    assert "its 1 is a Keras Dense" in said


def test_inputs_that_do_not_fit(digits: Task) -> None:
    made = models.keras.Sequential([models.keras.Input((5,)), layers.Dense(10)])
    said = refused(digits, lambda: made)
    assert "failed on inputs of shape (2, 1, 8, 8) of task digits" in said


def test_no_parameters(digits: Task) -> None:
    said = refused(digits, lambda: models.keras.Sequential([layers.Flatten()]))
    assert "must have parameters" in said


def test_another_backend(digits: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.keras.backend, "backend", lambda: "jax")
    said = refused(digits, lambda: models.dense({}, digits))
    assert "must run on the torch backend, but Keras runs on jax" in said
    assert 'os.environ["KERAS_BACKEND"] = "torch"' in said

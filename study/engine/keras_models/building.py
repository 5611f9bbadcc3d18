"""From a person's factory to a torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn

from study.engine.keras_models.library import (
    check_dtype,
    check_torch_backend,
    check_unmixed,
    is_keras_layer,
    keras_library,
)
from study.engine.keras_models.network import KerasNetwork
from study.engine.random_state import seeded
from study.engine.tasks.task import Task

Factory = Callable[[Mapping[str, Any], Task], Any]


def build(factory: Factory, hyperparameters: Mapping[str, Any], task: Task) -> Any:
    """What the factory returns; a Keras model as a torch module.

    Whatever the factory draws from, be it torch's generator or Python's, NumPy's or Keras', is
    a function of the seed that torch's generator has been given. Only torch's moves on.

    Raises:
        ValueError: If a Keras model does not run on torch, or cannot be a network here.
    """
    known = keras_library()
    made = _made(factory, hyperparameters, task)
    if known is None and keras_library() is not None:
        # The factory itself imported Keras, which was not seeded, nor kept on the CPU.
        made = _made(factory, hyperparameters, task)
    return made


def _made(factory: Factory, hyperparameters: Mapping[str, Any], task: Task) -> Any:
    keras = keras_library()
    with seeded(torch.initial_seed()), nullcontext() if keras is None else keras.device("cpu"):
        made = factory(hyperparameters, task)
        if is_keras_layer(made):
            check_torch_backend()
            check_dtype(hyperparameters)
            return KerasNetwork(made, task)
    if isinstance(made, nn.Module) and keras is not None:
        check_unmixed(made)
    return made

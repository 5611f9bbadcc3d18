"""A Keras model as a torch module: what `study.engine.networks.foreign` asks of an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import nn

from study.adapters.keras.library import (
    check_dtype,
    check_torch_backend,
    check_unmixed,
    is_keras_layer,
    keras_library,
)
from study.adapters.keras.network import KerasNetwork
from study.engine.tasks.task import Task


def while_building() -> AbstractContextManager[Any]:
    """Keeps a model that is being built on the CPU."""
    keras = keras_library()
    return nullcontext() if keras is None else keras.device("cpu")


def as_module(made: Any, hyperparameters: Mapping[str, Any], task: Task) -> Any:
    """Wraps a Keras model as a torch module; gives everything else back as it is.

    Raises:
        ValueError: If the model does not run on torch, or cannot be a network here.
    """
    if is_keras_layer(made):
        check_torch_backend()
        check_dtype(hyperparameters)
        return KerasNetwork(made, task)
    if isinstance(made, nn.Module) and keras_library() is not None:
        check_unmixed(made)
    return made

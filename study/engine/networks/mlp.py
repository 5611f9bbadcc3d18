"""The multilayer perceptron."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import nn

from study.engine.activations import ACTIVATIONS
from study.engine.tasks.task import Task


def mlp(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """`depth` hidden layers of `width` units with `activation`, then a linear readout.

    Inputs of shape (B, ...) are flattened; outputs have shape (B, task.outputs).
    """
    width = hyperparameters["width"]
    activation = ACTIVATIONS[hyperparameters["activation"]].module
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    features = task.features
    for number in range(1, hyperparameters["depth"] + 1):
        modules[f"hidden_{number}"] = nn.Linear(features, width)
        modules[f"activation_{number}"] = activation()
        features = width
    modules["output"] = nn.Linear(features, task.outputs)
    return nn.Sequential(modules)

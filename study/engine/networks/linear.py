"""The linear map: a convex baseline, and with a quadratic the laboratory of stability limits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import nn

from study.engine.networks.plain_inputs import check_plain
from study.engine.tasks.task import Task


def linear(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds W x without a bias, from flattened inputs (B, ...) to (B, task.outputs).

    Raises:
        ValueError: If inputs are tokens, or the task wants an output at each time step.
    """
    check_plain("linear", task)
    layer = nn.Linear(task.features, task.outputs, bias=False)
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), output=layer))

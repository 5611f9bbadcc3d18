"""Built-in networks by name. A network is a factory: (hyperparameters, task) -> nn.Module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from torch import nn

from study.engine.built_in import BUILT_IN_NETWORKS
from study.engine.tasks.task import Task

NetworkFactory = Callable[[Mapping[str, Any], Task], nn.Module]

NETWORKS: dict[str, NetworkFactory] = {
    name: getattr(import_module(f"{__name__}.{name}"), name) for name in BUILT_IN_NETWORKS
}

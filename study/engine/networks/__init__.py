"""Built-in networks by name. A network is a factory: (hyperparameters, task) -> nn.Module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from study.engine.networks.cnn import cnn
from study.engine.networks.densenet import densenet
from study.engine.networks.gru import gru
from study.engine.networks.linear import linear
from study.engine.networks.lstm import lstm
from study.engine.networks.mlp import mlp
from study.engine.networks.resnet import resnet
from study.engine.networks.rnn import rnn
from study.engine.networks.transformer import transformer
from study.engine.tasks.task import Task

NetworkFactory = Callable[[Mapping[str, Any], Task], nn.Module]

NETWORKS: dict[str, NetworkFactory] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "densenet": densenet,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "transformer": transformer,
    "linear": linear,
}

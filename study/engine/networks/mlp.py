"""The multilayer perceptron, plain or with residual or dense connections."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.activations import ACTIVATIONS
from study.engine.networks.normalizations import needs_bias, normalization
from study.engine.networks.plain_inputs import check_plain
from study.engine.parametrizations import branch_scale
from study.engine.tasks.task import Task

CONNECTIONS = ("none", "residual", "dense")


def mlp(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` hidden layers of `width` units with `activation`, then a linear readout.

    A hidden layer is f(x) = activation(normalization(W x + b)). With `connections`

    - `none`: h_l = f_l(h_{l-1});
    - `residual`: h_1 = f_1(x), h_l = h_{l-1} + residual_scale * f_l(h_{l-1}): the reduced residual
      network of Yang and Schoenholz (Mean Field Residual Networks, NIPS 2017), where the scale
      is 1; the first layer brings inputs to `width`;
    - `dense`: h_l = f_l([x, h_1, ..., h_{l-1}]), the readout too sees all before it (Huang et
      al., CVPR 2017, eq. 2).

    Inputs of shape (B, ...) are flattened; outputs have shape (B, task.outputs).

    Raises:
        ValueError: If inputs are tokens, the task wants an output at each time step, a name is
            unknown, or batch normalization is given batches of one.
    """
    check_plain("mlp", task)
    connections = str(hyperparameters.get("connections", "none"))
    _check(connections, hyperparameters)
    width, features = int(hyperparameters["width"]), task.features
    hidden = []
    for number in range(hyperparameters["depth"]):
        fan_in = features if number == 0 else width
        if connections == "dense":
            fan_in = features + number * width
        hidden.append(_layer(fan_in, hyperparameters))
    fan_in = features + len(hidden) * width if connections == "dense" else width
    readout = nn.Linear(fan_in, task.outputs)
    if connections == "dense":
        return DenseMlp(hidden, readout)
    if connections == "residual":
        return ResidualMlp(hidden, readout, branch_scale(hyperparameters))
    return _chain(hidden, readout)


def hidden_layers(features: int, hyperparameters: Mapping[str, Any]) -> nn.Sequential:
    """Builds the hidden layers alone, without connections: (B, features) -> (B, width).

    Raises:
        ValueError: If a name is unknown, or batch normalization is given batches of one.
    """
    _check("none", hyperparameters)
    sizes = [features, *[int(hyperparameters["width"])] * (hyperparameters["depth"] - 1)]
    layers = [_layer(size, hyperparameters) for size in sizes]
    return nn.Sequential(OrderedDict(_named(layers)))


class ResidualMlp(nn.Module):
    """Every hidden layer but the first adds to what it sees.

    Args:
        hidden: From (B, features) to (B, width), then from (B, width) to (B, width).
        readout: From (B, width) to (B, outputs).
        scale: Factor on what is added.
    """

    def __init__(self, hidden: Sequence[nn.Module], readout: nn.Module, scale: float) -> None:
        super().__init__()
        self.hidden = nn.Sequential(_numbered(hidden))
        self.output = readout
        self._scale = scale
        self.branch_modules = [f"hidden.{number}" for number in range(2, len(hidden) + 1)]

    def forward(self, inputs: Tensor) -> Tensor:
        first, *others = self.hidden
        h = first(inputs.flatten(1))
        for layer in others:
            h = h + self._scale * layer(h)
        outputs: Tensor = self.output(h)
        return outputs


class DenseMlp(nn.Module):
    """Every layer sees the inputs and the outputs of all layers before it.

    Args:
        hidden: Layer l from (B, features + (l - 1) width) to (B, width).
        readout: From (B, features + depth * width) to (B, outputs).
    """

    def __init__(self, hidden: Sequence[nn.Module], readout: nn.Module) -> None:
        super().__init__()
        self.hidden = nn.Sequential(_numbered(hidden))
        self.output = readout

    def forward(self, inputs: Tensor) -> Tensor:
        h = inputs.flatten(1)
        for layer in self.hidden:
            h = torch.cat([h, layer(h)], dim=1)
        outputs: Tensor = self.output(h)
        return outputs


def _check(connections: str, hyperparameters: Mapping[str, Any]) -> None:
    if connections not in CONNECTIONS:
        raise ValueError(f"unknown connections {connections!r}; known: {', '.join(CONNECTIONS)}")
    batch = hyperparameters.get("batch_size", 2)
    if hyperparameters.get("normalization") == "batch" and batch < 2:
        raise ValueError(
            f"`batch_size >= 2` must hold for batch normalization of vectors, but got {batch}"
        )


def _layer(features: int, hyperparameters: Mapping[str, Any]) -> nn.Sequential:
    name = str(hyperparameters.get("normalization", "none"))
    width = int(hyperparameters["width"])
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    modules["linear"] = nn.Linear(features, width, bias=needs_bias(name))
    modules.update(normalization(name, width))
    modules["activation"] = ACTIVATIONS[hyperparameters["activation"]].module()
    return nn.Sequential(modules)


def _chain(hidden: Sequence[nn.Sequential], readout: nn.Module) -> nn.Sequential:
    """Returns one flat sequence, which the engine runs fastest where it is not normalized."""
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), **_named(hidden), output=readout))


def _named(hidden: Sequence[nn.Sequential]) -> dict[str, nn.Module]:
    return {
        f"{'hidden' if name == 'linear' else name}_{number}": module
        for number, layer in enumerate(hidden, start=1)
        for name, module in layer.named_children()
    }


def _numbered(layers: Sequence[nn.Module]) -> OrderedDict[str, nn.Module]:
    return OrderedDict((str(number), layer) for number, layer in enumerate(layers, start=1))

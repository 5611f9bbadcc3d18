"""Stacked recurrent layers and a linear readout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from study.engine.networks.recurrence.cell import Cell
from study.engine.networks.recurrence.layer import RecurrentLayer
from study.engine.networks.sequences import Steps, chosen
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole

NORMALIZATIONS = ("none", "layer")
"""Those that the literature has for recurrent layers."""


class RecurrentNetwork(nn.Module):
    """`depth` layers of `width` units over the time steps of a task.

    Layer l has the linear maps `input_l`, applied to all time steps at once, and `recurrent_l`,
    applied to the hidden state once a time step. Weights start as in torch.nn.RNN, uniform within
    1 / sqrt(width). The readout `output` sees the last time step, or each where the task asks
    for it.

    Args:
        hyperparameters: `depth` and `width`.
        task: Gives the inputs' features, and says when outputs are asked for.
        make_cell: Builds a layer's unit.
        input_bias: Whether `input_l` has a bias.
        recurrent_bias: Whether `recurrent_l` has one.
        forget_gate: Which gate is a forget gate, if any.
        attention: If given, there are twice as many layers, an encoder and a decoder; it makes
            what the readout sees of what both say, (B, T, width) each.
    """

    def __init__(
        self,
        hyperparameters: Mapping[str, Any],
        task: Task,
        make_cell: Callable[[], Cell],
        *,
        input_bias: bool = True,
        recurrent_bias: bool = False,
        forget_gate: int | None = None,
        attention: nn.Module | None = None,
    ) -> None:
        super().__init__()
        width = hyperparameters["width"]
        self._every_step = task.output_at == "time_step"
        self.weight_roles: dict[str, WeightRole] = {}
        self.steps = Steps(task, width)
        features = self.steps.features
        self._layers: list[RecurrentLayer] = []
        self._encoding = int(hyperparameters["depth"])
        layers = self._encoding if attention is None else 2 * self._encoding
        for number in range(1, layers + 1):
            cell = make_cell()
            layer = RecurrentLayer(
                projection=nn.Linear(features, cell.gates * width, bias=input_bias),
                recurrent=nn.Linear(width, cell.gates * width, bias=recurrent_bias),
                cell=cell,
            )
            self._add(number, layer, forget_gate)
            features = width
        self.attention = attention
        self.output = nn.Linear(width, task.outputs)
        self.weight_roles["output.weight"] = WeightRole(readout=True)

    def forward(self, inputs: Tensor) -> Tensor:
        values: Tensor = self.steps(inputs)
        if self.attention is not None:
            return self._attended(values, self.attention)
        for layer in self._layers:
            last = layer is self._layers[-1]
            values = layer.run(values, every_step=self._every_step or not last)
        outputs: Tensor = self.output(values)
        return outputs

    def _attended(self, values: Tensor, attention: nn.Module) -> Tensor:
        for layer in self._layers[: self._encoding]:
            values = layer.run(values, every_step=True)
        memory = values
        for layer in self._layers[self._encoding :]:
            values = layer.run(values, every_step=True)
        values = attention(values, memory)
        outputs: Tensor = self.output(values if self._every_step else values[:, -1])
        return outputs

    def _add(self, number: int, layer: RecurrentLayer, forget_gate: int | None) -> None:
        width = layer.recurrent.in_features
        for parameter in (*layer.projection.parameters(), *layer.recurrent.parameters()):
            nn.init.uniform_(parameter, -1 / math.sqrt(width), 1 / math.sqrt(width))
        gates = layer.cell.gates
        self.add_module(f"input_{number}", layer.projection)
        self.weight_roles[f"input_{number}.weight"] = WeightRole(
            blocks=gates, forget_gate=forget_gate
        )
        self.add_module(f"recurrent_{number}", layer.recurrent)
        self.weight_roles[f"recurrent_{number}.weight"] = WeightRole(blocks=gates, recurrent=True)
        self.add_module(f"cell_{number}", layer.cell)
        self._layers.append(layer)


def is_normalized(hyperparameters: Mapping[str, Any]) -> bool:
    """Returns whether `normalization` is layer rather than none, the default.

    Raises:
        ValueError: If it is anything else.
    """
    return chosen(hyperparameters, "normalization", NORMALIZATIONS, default="none") == "layer"

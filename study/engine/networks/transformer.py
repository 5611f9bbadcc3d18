"""The transformer's encoder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from study.engine.activations import ACTIVATIONS
from study.engine.networks.attention import QKV, Attention
from study.engine.networks.sequences import Steps, chosen, time_steps
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole

NORMALIZATIONS = ("none", "layer")
"""Those of the literature."""

NORM_POSITIONS = ("pre", "post")
"""Before each branch and the readout, or behind each sum (Xiong et al. 2020, fig. 1)."""

FEED_FORWARD = 4
"""Units of the feed-forward layer as a multiple of the width (Vaswani et al. 2017, table 3)."""

WAVES = 10_000.0
"""Ratio of the longest to the shortest position wave (Vaswani et al. 2017, sec. 3.5)."""


def transformer(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` blocks of self-attention and feed-forward layer, then a linear readout.

    Tokens are embedded and vectors mapped to `width` by the layer `embedding`; sinusoidal
    positions are added. A block adds `residual_scale` times each of its two branches to what comes
    in, normalized as `normalization` and `norm_position` say. Where the task asks for one output
    an example, the readout sees the mean over time; where for one each time step, no time step
    sees later ones.

    Raises:
        ValueError: If a name is unknown, or `heads` does not divide `width`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017; Xiong et al., On layer normalization
        in the transformer architecture, ICML 2020.
    """
    name = chosen(hyperparameters, "normalization", NORMALIZATIONS, default="layer")
    position = chosen(hyperparameters, "norm_position", NORM_POSITIONS, default="pre")
    depth, width = int(hyperparameters["depth"]), int(hyperparameters["width"])
    causal = time_steps(task) if task.output_at == "time_step" else None
    blocks = [
        Block(
            width,
            Attention(width, int(hyperparameters["heads"]), causal=causal),
            ACTIVATIONS[hyperparameters["activation"]].module(),
            residual_scale=float(hyperparameters.get("residual_scale", 1.0)),
            norm_position=None if name == "none" else position,
            branches=2 * depth,
        )
        for _ in range(depth)
    ]
    return Transformer(blocks, width, task, normalized=(name, position) == ("layer", "pre"))


class Transformer(nn.Module):
    """Blocks between an embedding with positions and a readout.

    Args:
        blocks: From (B, T, width) to the same.
        width: Numbers in a time step.
        task: Gives the inputs' features, and says when outputs are asked for.
        normalized: Whether the readout sees normalized values.
    """

    positions: Tensor

    def __init__(
        self, blocks: Sequence[Block], width: int, task: Task, *, normalized: bool
    ) -> None:
        super().__init__()
        self._every_step = task.output_at == "time_step"
        self.steps = Steps(task, width)
        tokens = task.vocabulary is not None
        self.embedding = None if tokens else nn.Linear(self.steps.features, width)
        waves = sinusoids(self.steps.length, width)
        self.register_buffer("positions", waves, persistent=False)
        self._names = [f"block_{number}" for number in range(1, len(blocks) + 1)]
        for name, block in zip(self._names, blocks, strict=True):
            self.add_module(name, block)
        self.normalization = nn.LayerNorm(width) if normalized else None
        self.output = nn.Linear(width, task.outputs)
        self.weight_roles = {"output.weight": WeightRole(readout=True)}

    def forward(self, inputs: Tensor) -> Tensor:
        values: Tensor = self.steps(inputs)
        if self.embedding is not None:
            values = self.embedding(values)
        values = values + self.positions
        for name in self._names:
            values = self.get_submodule(name)(values)
        if self.normalization is not None:
            values = self.normalization(values)
        outputs: Tensor = self.output(values if self._every_step else values.mean(dim=1))
        return outputs


class Block(nn.Module):
    """Self-attention, then a feed-forward layer, each in a residual branch; (B, T, width) twice.

    Args:
        width: Numbers in a time step.
        attention: From (B, T, width) to the same.
        activation: Name of the activation in the feed-forward layer.
        residual_scale: Factor on what a branch adds.
        norm_position: One of `NORM_POSITIONS`, or None where nothing is normalized.
        branches: Residual branches of the network.
    """

    def __init__(
        self,
        width: int,
        attention: Attention,
        activation: nn.Module,
        *,
        residual_scale: float,
        norm_position: str | None,
        branches: int,
    ) -> None:
        super().__init__()
        self._scale = residual_scale
        self._pre = norm_position == "pre"
        self.normalization_1 = nn.LayerNorm(width) if norm_position else None
        self.attention = attention
        self.normalization_2 = nn.LayerNorm(width) if norm_position else None
        self.up = nn.Linear(width, FEED_FORWARD * width)
        self.activation = activation
        self.down = nn.Linear(FEED_FORWARD * width, width)
        self.weight_roles = {
            "attention.qkv.weight": _role("inner", branches, blocks=QKV),
            "attention.out.weight": _role("last", branches),
            "up.weight": _role("inner", branches),
            "down.weight": _role("last", branches),
        }

    def forward(self, inputs: Tensor) -> Tensor:
        middle = self._add(inputs, self.attention, self.normalization_1)
        return self._add(middle, self._feed, self.normalization_2)

    def _add(
        self,
        values: Tensor,
        branch: Callable[[Tensor], Tensor],
        normalization: nn.LayerNorm | None,
    ) -> Tensor:
        if normalization is None:
            return values + self._scale * branch(values)
        if self._pre:
            return values + self._scale * branch(normalization(values))
        normalized: Tensor = normalization(values + self._scale * branch(values))
        return normalized

    def _feed(self, values: Tensor) -> Tensor:
        fed: Tensor = self.down(self.activation(self.up(values)))
        return fed


def sinusoids(length: int, width: int) -> Tensor:
    """Positions as numbers, (length, width): sines in even columns, cosines in odd ones.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017, sec. 3.5.
    """
    times = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    exponents = torch.arange(0, width, 2, dtype=torch.float64) / width
    angles = times * torch.exp(-math.log(WAVES) * exponents)
    waves = torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)
    return waves[:, :width].float()


def _role(branch: Literal["inner", "last"], branches: int, *, blocks: int = 1) -> WeightRole:
    return WeightRole(branch=branch, branches=branches, branch_layers=2, blocks=blocks)

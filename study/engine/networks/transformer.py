"""The transformer's encoder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.attention import Attention, attention_options
from study.engine.networks.sequences import Steps, chosen, time_steps
from study.engine.networks.transformer_block import Block, last_normalization
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole

ATTENTION_MASKS = ("none", "causal")

WAVES = 10_000.0
"""Ratio of the longest to the shortest position wave (Vaswani et al. 2017, sec. 3.5)."""


def transformer(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds `depth` blocks of self-attention and feed-forward layer, then a linear readout.

    Tokens are embedded and vectors mapped to `width` by the layer `embedding`; sinusoidal
    positions are added. A block adds `residual_scale` times each of its two branches to what comes
    in, normalized as `normalization` and `norm_position` say. Where the task asks for one output
    an example, the readout sees the mean over time; where for one each time step, no time step
    sees later ones, unless `attention_mask` says otherwise.

    Raises:
        ValueError: If a name is unknown, `heads` does not divide `width`, or nothing hides a
            teacher-forced task's answers.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017; Xiong et al., On layer normalization
        in the transformer architecture, ICML 2020; Kim et al., Peri-LN: revisiting normalization
        layer in the transformer architecture, ICML 2025; Shazeer, GLU variants improve
        transformer, 2020 (gated).
    """
    depth = int(hyperparameters["depth"])
    blocks = [
        Block(hyperparameters, _attention(hyperparameters, task), branches=2 * depth)
        for _ in range(depth)
    ]
    return Transformer(
        blocks,
        int(hyperparameters["width"]),
        task,
        normalization=last_normalization(hyperparameters),
    )


def _attention(hyperparameters: Mapping[str, Any], task: Task) -> Attention:
    usual = "causal" if task.output_at == "time_step" else "none"
    mask = chosen(hyperparameters, "attention_mask", ATTENTION_MASKS, default=usual)
    if mask == "none" and task.teacher_forced:
        raise ValueError(
            f"attention_mask must be causal on task {task.name}, whose answers stand among its "
            "inputs one time step later and could be read off there; got 'none'"
        )
    return Attention(
        int(hyperparameters["width"]),
        int(hyperparameters["heads"]),
        causal=time_steps(task) if mask == "causal" else None,
        **attention_options(hyperparameters),
    )


class Transformer(nn.Module):
    """Blocks between an embedding with positions and a readout.

    Args:
        blocks: From (B, T, width) to the same.
        width: Numbers in a time step.
        task: Gives the inputs' features, and says when outputs are asked for.
        normalization: Of what the readout sees; None leaves it.
    """

    positions: Tensor

    def __init__(
        self, blocks: Sequence[Block], width: int, task: Task, *, normalization: nn.Module | None
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
        self.branch_modules = self._names
        self.normalization = normalization
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

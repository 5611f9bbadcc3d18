"""The transformer as it was published: an encoder, and a decoder that looks up what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.attention import KV, Attention, CrossAttention, attention_options
from study.engine.networks.sequences import Steps
from study.engine.networks.transformer import sinusoids
from study.engine.networks.transformer_block import (
    Block,
    Branches,
    branch_role,
    last_normalization,
    no_normalization,
    norm_position_of,
    normalization_of,
)
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole


def encoder_decoder(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds an encoder and a decoder of `depth` blocks each, then a linear readout.

    The encoder's time steps see all that is read, before the answer begins. The decoder's see the
    time steps of the answer up to their own, and by a third branch of each block, between
    attention and feed-forward layer, what the encoder says of all that was read. Both embed by
    the same weights, count positions from 0, and are normalized as network `transformer` is. The
    readout sees the encoder's time steps as well, where a task asks for blanks.

    Raises:
        ValueError: If the task does not read first and answer then, a name is unknown, or `heads`
            does not divide `width`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017, fig. 1; Xiong et al., On layer
        normalization in the transformer architecture, ICML 2020 (before the branches).
    """
    if task.read_steps is None or task.output_at != "time_step":
        raise ValueError(
            "network encoder_decoder needs a task that is read first and answered then, with its "
            f"`read_steps`: copy, reverse, marked_copy, dates or translation; got {task.name}"
        )
    return EncoderDecoder(hyperparameters, task, task.read_steps)


class EncoderDecoder(nn.Module):
    """Tokens (B, T) or vectors (B, T, F), the first R of them read -> (B, T, outputs).

    Args:
        hyperparameters: Those of the blocks, `depth` and `heads`.
        task: Gives the inputs' features.
        read_steps: R.
    """

    positions: Tensor

    def __init__(self, hyperparameters: Mapping[str, Any], task: Task, read_steps: int) -> None:
        super().__init__()
        depth, width = int(hyperparameters["depth"]), int(hyperparameters["width"])
        heads, options = int(hyperparameters["heads"]), attention_options(hyperparameters)
        self._read_steps = read_steps
        self.steps = Steps(task, width)
        answering = self.steps.length - read_steps
        tokens = task.vocabulary is not None
        self.embedding = None if tokens else nn.Linear(self.steps.features, width)
        waves = sinusoids(max(read_steps, answering), width)
        self.register_buffer("positions", waves, persistent=False)
        self._encoder = [f"encoder_{number}" for number in range(1, depth + 1)]
        self._decoder = [f"decoder_{number}" for number in range(1, depth + 1)]
        for name in self._encoder:
            attention = Attention(width, heads, causal=None, **options)
            self.add_module(name, Block(hyperparameters, attention, branches=2 * depth))
        self.memory_normalization = last_normalization(hyperparameters)
        for name in self._decoder:
            attention = Attention(width, heads, causal=answering, **options)
            cross = CrossAttention(width, heads, **options)
            block = DecoderBlock(hyperparameters, attention, cross, branches=3 * depth)
            self.add_module(name, block)
        self.branch_modules = [*self._encoder, *self._decoder]
        self.normalization = last_normalization(hyperparameters)
        self.output = nn.Linear(width, task.outputs)
        self.weight_roles = {"output.weight": WeightRole(readout=True)}

    def forward(self, inputs: Tensor) -> Tensor:
        values: Tensor = self.steps(inputs)
        if self.embedding is not None:
            values = self.embedding(values)
        memory, answer = values[:, : self._read_steps], values[:, self._read_steps :]
        memory = memory + self.positions[: memory.shape[1]]
        answer = answer + self.positions[: answer.shape[1]]
        for name in self._encoder:
            memory = self.get_submodule(name)(memory)
        if self.memory_normalization is not None:
            memory = self.memory_normalization(memory)
        for name in self._decoder:
            answer = self.get_submodule(name)(answer, memory)
        if self.normalization is not None:
            answer = self.normalization(answer)
        outputs: Tensor = self.output(torch.cat([memory, answer], dim=1))
        return outputs


class DecoderBlock(Branches):
    """Self-attention, cross-attention, then the feed-forward layer, (B, S, width) twice.

    Args:
        hyperparameters: As in `Branches`.
        attention: From (B, S, width) to the same; no time step sees later ones.
        cross: From that and the encoder's (B, T, width) to the same.
        branches: Residual branches of the decoder.

    Raises:
        ValueError: If a name is unknown.
    """

    def __init__(
        self,
        hyperparameters: Mapping[str, Any],
        attention: Attention,
        cross: CrossAttention,
        *,
        branches: int,
    ) -> None:
        super().__init__(hyperparameters, attention, branches=branches)
        width, make = int(hyperparameters["width"]), normalization_of(hyperparameters)
        behind = make if norm_position_of(hyperparameters) == "peri" else None
        self.cross = cross
        self.normalization_cross = (make or no_normalization)(width)
        self.branch_normalization_cross = (behind or no_normalization)(width)
        self.weight_roles |= {
            "cross.query.weight": branch_role("inner", branches),
            "cross.key_value.weight": branch_role("inner", branches, blocks=KV),
            "cross.out.weight": branch_role("last", branches),
        }

    def forward(self, inputs: Tensor, memory: Tensor) -> Tensor:
        attended = self.add(
            inputs, self.attention, self.normalization_1, self.branch_normalization_1
        )
        looked_up = self.add(
            attended,
            lambda values: self.cross(values, memory),
            self.normalization_cross,
            self.branch_normalization_cross,
        )
        return self.add(looked_up, self.feed, self.normalization_2, self.branch_normalization_2)

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
from study.engine.parametrizations import branch_scale, score_scale
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole

NORMALIZATIONS: Mapping[str, Callable[[int], nn.Module] | None] = {
    "none": None,
    "layer": nn.LayerNorm,
    "rms": nn.RMSNorm,
}
"""Those of the literature."""

NORM_POSITIONS = ("pre", "post", "peri")
"""Before each branch and the readout, or behind each sum (Xiong et al. 2020, fig. 1), or before
and behind each branch (Kim et al. 2025)."""

QK_NORMALIZATIONS = ("none", "rms")
ATTENTION_MASKS = ("none", "causal")
FEED_FORWARDS = ("plain", "gated")

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
    sees later ones, unless `attention_mask` says otherwise.

    Raises:
        ValueError: If a name is unknown, or `heads` does not divide `width`.

    References:
        Vaswani et al., Attention is all you need, NIPS 2017; Xiong et al., On layer normalization
        in the transformer architecture, ICML 2020; Kim et al., Peri-LN: revisiting normalization
        layer in the transformer architecture, ICML 2025; Shazeer, GLU variants improve
        transformer, 2020 (gated).
    """
    name = chosen(hyperparameters, "normalization", list(NORMALIZATIONS), default="layer")
    position = chosen(hyperparameters, "norm_position", NORM_POSITIONS, default="pre")
    shape = chosen(hyperparameters, "feed_forward", FEED_FORWARDS, default="plain")
    depth, width = int(hyperparameters["depth"]), int(hyperparameters["width"])
    normalize = NORMALIZATIONS[name]
    blocks = [
        Block(
            width,
            _attention(width, hyperparameters, task),
            ACTIVATIONS[hyperparameters["activation"]].module(),
            residual_scale=branch_scale(hyperparameters),
            normalize=normalize,
            norm_position=position,
            branches=2 * depth,
            gated=shape == "gated",
        )
        for _ in range(depth)
    ]
    last = None if normalize is None or position == "post" else normalize(width)
    return Transformer(blocks, width, task, normalization=last)


def _attention(width: int, hyperparameters: Mapping[str, Any], task: Task) -> Attention:
    usual = "causal" if task.output_at == "time_step" else "none"
    mask = chosen(hyperparameters, "attention_mask", ATTENTION_MASKS, default=usual)
    normalized = chosen(hyperparameters, "qk_normalization", QK_NORMALIZATIONS, default="none")
    cap = hyperparameters.get("attention_cap", "none")
    return Attention(
        width,
        int(hyperparameters["heads"]),
        causal=time_steps(task) if mask == "causal" else None,
        normalized=normalized != "none",
        cap=None if cap == "none" else float(cap),
        score_scale=score_scale(hyperparameters),
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


class Block(nn.Module):
    """Self-attention, then a feed-forward layer, each in a residual branch; (B, T, width) twice.

    Args:
        width: Numbers in a time step.
        attention: From (B, T, width) to the same.
        activation: Name of the activation in the feed-forward layer.
        residual_scale: Factor on what a branch adds.
        normalize: Makes a normalization of so many numbers; None where nothing is normalized.
        norm_position: One of `NORM_POSITIONS`.
        branches: Residual branches of the network.
        gated: Whether what the activation gives gates a second map of the same values.
    """

    def __init__(
        self,
        width: int,
        attention: Attention,
        activation: nn.Module,
        *,
        residual_scale: float,
        normalize: Callable[[int], nn.Module] | None,
        norm_position: str,
        branches: int,
        gated: bool,
    ) -> None:
        super().__init__()
        self._scale = residual_scale
        self._behind_sums = norm_position == "post"
        make = normalize or _nothing
        behind = make if norm_position == "peri" else _nothing
        # Two matrices of two thirds the units have as many weights, with the gate's, as one whole.
        units = FEED_FORWARD * width * 2 // 3 if gated else FEED_FORWARD * width
        self.normalization_1 = make(width)
        self.attention = attention
        self.branch_normalization_1 = behind(width)
        self.normalization_2 = make(width)
        self.gate = nn.Linear(width, units) if gated else None
        self.up = nn.Linear(width, units)
        self.activation = activation
        self.down = nn.Linear(units, width)
        self.branch_normalization_2 = behind(width)
        self.weight_roles = {
            "attention.qkv.weight": _role("inner", branches, blocks=QKV),
            "attention.out.weight": _role("last", branches),
            "up.weight": _role("inner", branches),
            "down.weight": _role("last", branches),
        }
        if gated:
            self.weight_roles["gate.weight"] = _role("inner", branches)

    def forward(self, inputs: Tensor) -> Tensor:
        middle = self._add(
            inputs, self.attention, self.normalization_1, self.branch_normalization_1
        )
        return self._add(middle, self._feed, self.normalization_2, self.branch_normalization_2)

    def _add(
        self,
        values: Tensor,
        branch: Callable[[Tensor], Tensor],
        normalization: nn.Module | None,
        behind: nn.Module | None,
    ) -> Tensor:
        if normalization is None:
            return values + self._scale * branch(values)
        if self._behind_sums:
            normalized: Tensor = normalization(values + self._scale * branch(values))
            return normalized
        given = branch(normalization(values))
        return values + self._scale * (given if behind is None else behind(given))

    def _feed(self, values: Tensor) -> Tensor:
        if self.gate is None:
            inner = self.activation(self.up(values))
        else:
            inner = self.activation(self.gate(values)) * self.up(values)
        fed: Tensor = self.down(inner)
        return fed


def _nothing(width: int) -> None:
    return None


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

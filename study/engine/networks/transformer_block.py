"""A block of a transformer: residual branches and where they are normalized."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from torch import Tensor, nn

from study.engine.activations import ACTIVATIONS
from study.engine.networks.attention import QKV, Attention
from study.engine.networks.sequences import chosen
from study.engine.parametrizations import branch_scale
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

FEED_FORWARDS = ("plain", "gated")

FEED_FORWARD = 4
"""Units of the feed-forward layer as a multiple of the width (Vaswani et al. 2017, table 3)."""


Normalize = Callable[[int], nn.Module]


def normalization_of(hyperparameters: Mapping[str, Any]) -> Normalize | None:
    """Returns what makes a normalization of so many numbers; None where nothing is normalized.

    Raises:
        ValueError: If `normalization` is none of `NORMALIZATIONS`.
    """
    name = chosen(hyperparameters, "normalization", list(NORMALIZATIONS), default="layer")
    return NORMALIZATIONS[name]


def norm_position_of(hyperparameters: Mapping[str, Any]) -> str:
    """Returns `norm_position`.

    Raises:
        ValueError: If it is none of `NORM_POSITIONS`.
    """
    return chosen(hyperparameters, "norm_position", NORM_POSITIONS, default="pre")


def last_normalization(hyperparameters: Mapping[str, Any]) -> nn.Module | None:
    """Makes the normalization behind the last block: None where its sum is normalized already."""
    normalize = normalization_of(hyperparameters)
    if normalize is None or norm_position_of(hyperparameters) == "post":
        return None
    return normalize(int(hyperparameters["width"]))


class Branches(nn.Module):
    """What all blocks have: self-attention and a feed-forward layer, each in a residual branch.

    Args:
        hyperparameters: `width`, `activation`, `normalization`, `norm_position`, `feed_forward`:
            with gated, what the activation gives gates a second map of the same values.
        attention: From (B, T, width) to the same.
        branches: Residual branches of the network.

    Raises:
        ValueError: If a name is unknown.
    """

    def __init__(
        self, hyperparameters: Mapping[str, Any], attention: Attention, *, branches: int
    ) -> None:
        gated = chosen(hyperparameters, "feed_forward", FEED_FORWARDS, default="plain") == "gated"
        position, width = norm_position_of(hyperparameters), int(hyperparameters["width"])
        normalize = normalization_of(hyperparameters)
        super().__init__()
        self._scale = branch_scale(hyperparameters)
        self._behind_sums = position == "post"
        make = normalize or no_normalization
        behind = make if position == "peri" else no_normalization
        # Two matrices of two thirds the units have as many weights, with the gate's, as one whole.
        units = FEED_FORWARD * width * 2 // 3 if gated else FEED_FORWARD * width
        self.normalization_1 = make(width)
        self.attention = attention
        self.branch_normalization_1 = behind(width)
        self.normalization_2 = make(width)
        self.gate = nn.Linear(width, units) if gated else None
        self.up = nn.Linear(width, units)
        self.activation = ACTIVATIONS[hyperparameters["activation"]].module()
        self.down = nn.Linear(units, width)
        self.branch_normalization_2 = behind(width)
        self.weight_roles = {
            "attention.qkv.weight": branch_role("inner", branches, blocks=QKV),
            "attention.out.weight": branch_role("last", branches),
            "up.weight": branch_role("inner", branches),
            "down.weight": branch_role("last", branches),
        }
        if gated:
            self.weight_roles["gate.weight"] = branch_role("inner", branches)

    def add(
        self,
        values: Tensor,
        branch: Callable[[Tensor], Tensor],
        normalization: nn.Module | None,
        behind: nn.Module | None,
    ) -> Tensor:
        """Adds what a branch makes of values to them, each normalized where it is to be."""
        if normalization is None:
            return values + self._scale * branch(values)
        if self._behind_sums:
            normalized: Tensor = normalization(values + self._scale * branch(values))
            return normalized
        given = branch(normalization(values))
        return values + self._scale * (given if behind is None else behind(given))

    def feed(self, values: Tensor) -> Tensor:
        """Computes the feed-forward layer, (B, T, width) twice."""
        if self.gate is None:
            inner = self.activation(self.up(values))
        else:
            inner = self.activation(self.gate(values)) * self.up(values)
        fed: Tensor = self.down(inner)
        return fed


class Block(Branches):
    """Self-attention, then the feed-forward layer, (B, T, width) twice."""

    def forward(self, inputs: Tensor) -> Tensor:
        middle = self.add(
            inputs, self.attention, self.normalization_1, self.branch_normalization_1
        )
        return self.add(middle, self.feed, self.normalization_2, self.branch_normalization_2)


def no_normalization(width: int) -> None:
    """Makes nothing, in the place of a normalization."""


def branch_role(branch: Literal["inner", "last"], branches: int, *, blocks: int = 1) -> WeightRole:
    """Returns the role of a weight in a branch of two layers."""
    return WeightRole(branch=branch, branches=branches, branch_layers=2, blocks=blocks)

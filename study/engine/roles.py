"""What a network's author may say of a weight, so that it is initialized for what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

ATTRIBUTE = "weight_roles"
"""A network that says so has this attribute: a mapping of parameter names to roles."""


@dataclass(frozen=True, kw_only=True)
class WeightRole:
    """The part that a weight plays in its network.

    Attributes:
        blocks: Matrices that are stacked along axis 0 and initialized one by one: the gates of a
            recurrent cell; query, key and value of attention.
        recurrent: Whether it is applied to a hidden state, once every time step.
        forget_gate: Which of the blocks is a forget gate, whose bias has a hyperparameter.
        branch: Place in a residual branch; None outside of one.
        branches: Number of residual branches of the network.
        branch_layers: Number of weights in its branch.
    """

    blocks: int = 1
    recurrent: bool = False
    forget_gate: int | None = None
    branch: Literal["inner", "last"] | None = None
    branches: int = 0
    branch_layers: int = 0


def weight_roles(module: nn.Module) -> Mapping[str, WeightRole]:
    """Roles by parameter name; a parameter that is not in it has no special role."""
    roles: Mapping[str, WeightRole] = getattr(module, ATTRIBUTE, {})
    return roles

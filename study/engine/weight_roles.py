"""What a network's author may say of a weight, so that it is initialized for what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        branch: Position in a residual branch; None outside of one.
        branches: Number of residual branches of the network.
        branch_layers: Number of weights in its branch, one after the other.
        readout: Whether its outputs are the network's.

    Raises:
        ValueError: If the numbers do not fit each other.
    """

    blocks: int = 1
    recurrent: bool = False
    forget_gate: int | None = None
    branch: Literal["inner", "last"] | None = None
    branches: int = 0
    branch_layers: int = 0
    readout: bool = False

    def __post_init__(self) -> None:
        if self.blocks < 1:
            raise ValueError(f"`blocks >= 1` must hold, but got blocks={self.blocks}")
        if self.forget_gate is not None and not 0 <= self.forget_gate < self.blocks:
            raise ValueError(
                f"`0 <= forget_gate < blocks` must hold, but got "
                f"forget_gate={self.forget_gate}, blocks={self.blocks}"
            )
        least = {"inner": 2, "last": 1}.get(self.branch or "", 0)
        if self.branch and (self.branches < 1 or self.branch_layers < least):
            raise ValueError(
                f"`branches >= 1` and `branch_layers >= {least}` must hold for a weight with "
                f"branch={self.branch!r}, but got branches={self.branches}, "
                f"branch_layers={self.branch_layers}"
            )


def weight_roles(module: nn.Module) -> Mapping[str, WeightRole]:
    """Roles by parameter name; a parameter that is not in it has no special role.

    A child's own roles count too, and torch's own recurrent and attention modules need not say
    theirs. Where an outer module names the same parameter, it has the last word.
    """
    roles_by_name: dict[str, WeightRole] = {}
    for name, child in reversed(list(module.named_modules())):
        prefix = f"{name}." if name else ""
        declared: Mapping[str, WeightRole] = getattr(child, ATTRIBUTE, {})
        roles = {**_roles_of_torch(child), **declared}
        roles_by_name |= {prefix + parameter: role for parameter, role in roles.items()}
    return roles_by_name


def readouts(module: nn.Module, weights: Sequence[str]) -> list[str]:
    """Returns those of the weights that are the readout's: the last, where no role says which."""
    roles = weight_roles(module)
    return [name for name in weights if name in roles and roles[name].readout] or [*weights[-1:]]


def bias_of(weight: str) -> str:
    """Name of the bias beside a weight: `bias_hh_l0` beside `weight_hh_l0`, for example."""
    owner, dot, name = weight.rpartition(".")
    return owner + dot + name.replace("weight", "bias")


_GATES: Mapping[type[nn.Module], int] = {
    nn.RNN: 1,
    nn.RNNCell: 1,
    nn.GRU: 3,
    nn.GRUCell: 3,
    nn.LSTM: 4,
    nn.LSTMCell: 4,
}


def _roles_of_torch(module: nn.Module) -> dict[str, WeightRole]:
    """Roles of the weights that this module itself owns, if torch documents how they stack."""
    if isinstance(module, nn.MultiheadAttention):
        return {"in_proj_weight": WeightRole(blocks=3)}
    gates = _GATES.get(type(module))
    if gates is None:
        return {}
    forget = 1 if gates == 4 else None  # Input, forget, cell, output.
    inputs = WeightRole(blocks=gates, forget_gate=forget)
    state = WeightRole(blocks=gates, recurrent=True)
    return {
        name: state if name.startswith("weight_hh") else inputs
        for name, _ in module.named_parameters(recurse=False)
        if name.startswith(("weight_ih", "weight_hh"))
    }

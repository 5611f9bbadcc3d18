"""Initial scales of residual branches, so that a deep network starts as a shallow one."""

from __future__ import annotations

from collections.abc import Callable

from study.engine.weight_roles import WeightRole


def zero_last(role: WeightRole) -> float:
    """Returns zero for the last weight of a branch: every block starts as the identity.

    The branches of the networks here end with a weight (He et al. 2016, pre-activation). Where
    one ends with a normalization, its scale takes that part (Goyal et al., Accurate, Large
    Minibatch SGD, 2017, sec. 5.1) and must be set by the network's author.
    """
    return 0.0 if role.branch == "last" else 1.0


def fixup(role: WeightRole) -> float:
    """Returns 0 for a branch's last weight and the readout, L^(-1/(2m - 2)) inside a branch.

    L is the number of branches, m of weights in a branch. These are the paper's rules 1 and 2.
    Rule 3, scalar multipliers and biases as further parameters, is left out: it changes the
    network, not where it starts. With a readout of zeros no gradient passes it at step 0.

    References:
        Zhang et al., Fixup Initialization, ICLR 2019, sec. 3.
    """
    if role.readout:
        return 0.0
    if role.branch == "inner":
        return float(role.branches) ** (-1.0 / (2 * role.branch_layers - 2))
    return zero_last(role)


RESIDUAL_INITIALIZATIONS: dict[str, Callable[[WeightRole], float]] = {
    "none": lambda role: 1.0,
    "zero_last": zero_last,
    "fixup": fixup,
}
"""What a weight is multiplied by for its position in a residual branch."""

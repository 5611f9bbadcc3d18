"""What a cause calls for in a loop that somebody else wrote: said, not tried."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from study.diagnosis.moves import MOVES

_BY_HAND: Mapping[str, str] = MappingProxyType(
    {
        "data": "take out or fill in the rows that are not finite",
        "loss_function": "keep what the loss divides by, roots and logarithms get away from 0",
        "unbounded_loss": "bound the loss from below, or let training end where it serves",
        "input_scale": "standardize the inputs: subtract their mean, divide by their deviation",
        "target_scale": "standardize the targets, and scale predictions back",
        "still_part": "hand the optimizer the parameters named above, set requires_grad, or take "
        "out the detach between them and the loss",
        "saturated_from_start": "initial weights that are smaller (Xavier), or normalization",
        "dead_from_start": "initial weights and biases that leave units alive (He, biases of 0)",
        "growing_through_depth": "initial weights that are smaller, or normalization",
        "shrinking_through_depth": "initial weights that are larger, normalization, or residual "
        "connections",
    }
)
"""Cause -> what only the owner of a loop can do."""

MOST = 3
"""Remedies that are named."""


def remedies(cause: str) -> tuple[str, ...]:
    """Names what a cause calls for, the owner's own part first.

    Args:
        cause: A string of `study.verdicts.Cause`.
    """
    by_hand = [_BY_HAND[cause]] if cause in _BY_HAND else []
    moves = [
        f"{move.hyperparameter}: {move.reason}" for move in MOVES if cause in map(str, move.causes)
    ]
    return tuple(dict.fromkeys((*by_hand, *moves)))[:MOST]

"""Initial weights that are applied to a hidden state once every time step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from study.engine.initializations.orthogonal import orthogonal

SAME = "same"
"""Initializes recurrent weights as all others are."""


def identity(
    shape: tuple[int, ...], generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Ones on the diagonal: the state is carried on (Le et al., A simple way ..., 2015, IRNN)."""
    return torch.eye(*shape)


RECURRENT_INITIALIZATIONS: dict[
    str, Callable[[tuple[int, ...], Generator, Mapping[str, Any]], Tensor]
] = {
    "orthogonal": orthogonal,
    "identity": identity,
}
"""Those that differ from `SAME`."""

"""Numbers that a loss or metric holds beside those that it is given."""

from __future__ import annotations

import torch
from torch import Tensor


class Held:
    """A tensor on whichever device, and in whichever precision, it is computed with.

    Args:
        values: In double precision, on the CPU; sent to a device once.
    """

    def __init__(self, values: Tensor) -> None:
        self._values = values.detach().double().cpu()
        self._placed: dict[tuple[torch.device, torch.dtype], Tensor] = {}

    def like(self, other: Tensor) -> Tensor:
        """The values as `other` has them: its device, its dtype."""
        key = other.device, other.dtype
        if key not in self._placed:
            self._placed[key] = self._values.to(*key)
        return self._placed[key]

"""The size of what a layer shows, of which nothing needs to be kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from study.engine.observing.measuring import Row
from study.engine.quantities.rms import norm


class Sizes:
    """Takes one layer's outputs, its pre-activations, call by call; measures them as they come.

    An activation may overwrite them next, and of a layer that is called once a time step they
    would fill as much memory again as its deltas. Their norms are all that their rms needs.

    Args:
        column: Name of the rms in the layers table; that of its first and last call is named
            after it.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._norms: dict[int, list[Tensor]] = {}
        self._counts: dict[int, int] = {}

    def add(self, shown_KxB: Tensor, call: int = 0) -> None:
        """Takes what one call shows, (K, B, ...); where trials run one by one, in their order."""
        self._norms.setdefault(call, []).append(norm(shown_KxB))
        self._counts[call] = math.prod(shown_KxB.shape[1:])

    def row(self, trials: int) -> Row:
        """Returns the rms over the calls that all trials made, (K,), and of single calls.

        The first call is the first that shows anything: a state is zero before its first time
        step, and so is what a map without a bias makes of it.
        """
        joined = {call: torch.cat(norms) for call, norms in self._norms.items()}
        common = [call for call, norms in joined.items() if len(norms) == trials]
        if not common:
            return {}
        count_C = torch.tensor([self._counts[call] for call in common], dtype=torch.float64)
        norms_KxC = torch.stack([joined[call] for call in common], dim=1)
        rms_KxC = norms_KxC / count_C.sqrt().to(norms_KxC)
        first_K = (norms_KxC != 0).int().argmax(dim=1, keepdim=True)
        return {
            self._column: norm(norms_KxC) / math.sqrt(float(count_C.sum())),
            f"{self._column}_first_call": rms_KxC.gather(1, first_K).squeeze(1),
            f"{self._column}_last_call": rms_KxC[:, -1],
        }

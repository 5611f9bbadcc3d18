"""Parameters of a cohort in blocks: P parameters of one shape and K trials are (P, K, *shape).

One operation on a block updates, clips or measures P parameters of K trials at once.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from study.engine.quantities.rms import is_exact, norm, quick_norm


class Blocks:
    """Stacked parameters, and where each parameter is.

    Args:
        names: Parameters by block; those of one block have one shape.
        values: One mapping of parameters a trial, K of them.
        order: All names in the order of the forward pass.
        device: Where the parameters are.
        dtype: The parameters' type.
        frozen: Those that no step changes; a block has none of them, or nothing else.

    Attributes:
        names: Parameters by block, P of each.
        values: One tensor (P, K, *shape) a block; replaced, never resized.
        frozen: Names of parameters that no step changes.
    """

    def __init__(
        self,
        names: Sequence[Sequence[str]],
        values: Sequence[Mapping[str, Tensor]],
        *,
        order: Sequence[str],
        device: torch.device,
        dtype: torch.dtype,
        frozen: Collection[str] = (),
    ) -> None:
        self.frozen = frozenset(frozen)
        self.names = tuple(tuple(block) for block in names)
        self.values = [
            torch.stack(
                [torch.stack([trial[name].to(dtype) for trial in values]) for name in block]
            ).to(device)
            for block in self.names
        ]
        self.order = tuple(order)
        self._block_and_row = {
            name: (position, row)
            for position, block in enumerate(self.names)
            for row, name in enumerate(block)
        }
        self._trains = [block[0] not in self.frozen for block in self.names]
        position_of = {name: position for position, name in enumerate(self.order)}
        self._rows = torch.tensor(
            [position_of[name] for block in self.names for name in block], device=device
        ).argsort()

    @property
    def trials(self) -> int:
        """Trials now in the cohort, K."""
        return self.values[0].shape[1]

    def trained(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Returns those of the blocks that steps change, of tensors laid out as the blocks are."""
        return [tensor for tensor, trains in zip(tensors, self._trains, strict=True) if trains]

    def of(self, tensors: Sequence[Tensor], name: str) -> Tensor:
        """Returns one parameter's (K, *shape) in tensors that are laid out as the blocks are."""
        block, row = self._block_and_row[name]
        return tensors[block][row]

    def by_name(self) -> dict[str, Tensor]:
        """Returns all parameters, (K, *shape) each, in the order of the forward pass; views."""
        return {name: self.of(self.values, name) for name in self.order}

    def norms(self, tensors: Sequence[Tensor]) -> Tensor:
        """Computes Euclidean norms by parameter in the order of the forward pass: (N, K)."""
        return self.in_order([quick_norm(tensor, kept=2) for tensor in tensors])

    def exact_norms(self, tensors: Sequence[Tensor], quick_NxK: Tensor) -> Tensor:
        """Computes them in float64: (N, K).

        Args:
            tensors: Laid out as the blocks are.
            quick_NxK: What `norms` gives of them.
        """
        if quick_NxK.dtype == torch.float64:
            return quick_NxK
        if quick_NxK.device.type != "cpu" or quick_NxK.dtype != torch.float32:
            return self.in_order([norm(tensor, kept=2) for tensor in tensors])
        exact_NxK = quick_NxK.double()
        for row in (~is_exact(quick_NxK)).any(dim=1).nonzero().flatten().tolist():
            exact_NxK[row] = norm(self.of(tensors, self.order[row]))
        return exact_NxK

    def in_order(self, by_block: Sequence[Tensor]) -> Tensor:
        """Figures (P, K) of each block as one (N, K) in the order of the forward pass."""
        return torch.cat(list(by_block)).index_select(0, self._rows)

    def broken(self) -> Iterator[tuple[int, str, str]]:
        """Finds parameters that are not finite: slot, name, "12 of 64 numbers"."""
        for name, value in self.by_name().items():
            finite_KxN = value.isfinite().reshape(self.trials, -1)
            wrong_K = (~finite_KxN).sum(dim=1)
            for slot in wrong_K.nonzero().flatten().tolist():
                yield slot, name, f"{int(wrong_K[slot])} of {finite_KxN.shape[1]} numbers"

    def keep(self, slots: Tensor) -> None:
        """Goes on with these trials of the cohort only."""
        self.values = [value.index_select(1, slots) for value in self.values]


def by_shape(
    shapes: Mapping[str, torch.Size], kinds: Mapping[str, Hashable] | None = None
) -> list[list[str]]:
    """Groups parameters of one shape and kind, in the order of their first.

    Args:
        shapes: By parameter.
        kinds: How the optimizer tells parameters apart; all alike by default.
    """
    kinds = kinds or {}
    groups: dict[tuple[torch.Size, Hashable], list[str]] = {}
    for name, shape in shapes.items():
        groups.setdefault((shape, kinds.get(name)), []).append(name)
    return list(groups.values())

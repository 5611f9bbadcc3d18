"""Examples that no trial trains on."""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine.tasks.error import DataError

SEED = 0
"""The split is a property of the task: the same for all of its trials."""


def split(name: str, examples: int, share: float) -> tuple[Tensor, Tensor | None]:
    """Draws examples to hold out.

    Args:
        name: Of the task, for messages.
        examples: How many there are.
        share: Of them that are held out, 0 <= share < 1; at least one unless it is 0.

    Returns:
        Numbers of the examples to train on and of those held out, ascending; None of the latter
        where there are none.

    Raises:
        DataError: If the share is out of range, or leaves nothing to train on.
    """
    count = round(share * examples) if 0 <= share < 1 else examples
    if not 0 <= share < 1 or max(1, count) >= examples:
        raise DataError(
            f"`0 <= validation < 1` must hold for task {name} and leave examples to train on, but "
            f"got {share:g} of {examples} examples"
        )
    if share == 0:
        return torch.arange(examples), None
    shuffled = torch.randperm(examples, generator=torch.Generator().manual_seed(SEED))
    held_out, kept = shuffled[: max(1, count)], shuffled[max(1, count) :]
    return kept.sort().values, held_out.sort().values

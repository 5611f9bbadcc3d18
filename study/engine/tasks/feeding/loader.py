"""All examples of a Dataset or DataLoader, in memory."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, default_collate

from study.engine.seeds import seed_torch
from study.engine.tasks.error import DataError
from study.engine.tasks.feeding.pytree import leaves

LARGEST = 2_000_000_000
"""Numbers that examples may have in memory, 8 GB in single precision."""


def is_dataset(data: object) -> bool:
    """Returns whether this is a torch Dataset or DataLoader, or is used as one."""
    if isinstance(data, (Tensor, tuple, list, dict)):
        return False
    return isinstance(data, (DataLoader, torch.utils.data.Dataset)) or (
        hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "keys")
    )


def examples_of(data: Any, *, examples: int | None = None) -> Any:
    """Returns all examples of a Dataset or DataLoader as it would return one batch of them.

    They are joined by the DataLoader's own `collate_fn`, which thus pads what differs in length
    once for all. Order, sampler and batch size are the study's; a transform that draws random
    numbers is applied once.

    Args:
        data: A torch Dataset or DataLoader, or anything with a length and items.
        examples: The first so many; by default all, which an iterable one must end with.

    Raises:
        DataError: If there are none, or too many for the memory.
    """
    loader = data if isinstance(data, DataLoader) else None
    dataset = data.dataset if loader is not None else data
    collate = default_collate if loader is None else loader.collate_fn
    with torch.random.fork_rng(devices=[]):
        seed_torch(0)
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__"):
            items = list(itertools.islice(iter(dataset), examples))
        else:
            count = len(dataset) if examples is None else min(examples, len(dataset))
            _check_size(dataset[0] if count else None, count)
            items = [dataset[index] for index in range(count)]
    if not items:
        raise DataError("a data set must have at least one example, but has none")
    joined: Any = (collate or default_collate)(items)
    return joined


def _check_size(first: Any, count: int) -> None:
    numbers = sum(leaf.numel() for _, leaf in leaves(first) if isinstance(leaf, Tensor))
    if numbers * count > LARGEST:
        raise DataError(
            f"a data set must fit into memory, but its {count} examples have about "
            f"{numbers * count:.3g} numbers; take some: examples_of(data, examples=10000)"
        )

"""Trees of tensors: tuples, lists, dicts, dataclasses and what transformers calls ModelOutput.

torch.utils._pytree does not descend into dataclasses that nobody has registered with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor


def children(tree: Any) -> dict[Any, Any] | None:
    """Returns the parts of a container by key or name; None of anything else."""
    if isinstance(tree, Mapping):
        return dict(tree)
    if isinstance(tree, (tuple, list)):
        return dict(enumerate(tree))
    if _is_dataclass(tree):
        return {each.name: getattr(tree, each.name) for each in dataclasses.fields(tree)}
    return None


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields everything that is no container, with where it stands: "[0]['mask']"."""
    parts = children(tree)
    if parts is None:
        yield path, tree
        return
    for key, child in parts.items():
        step = f".{key}" if _is_dataclass(tree) else f"[{key!r}]"
        yield from leaves(child, path + step)


def mapped(function: Callable[[Tensor], Tensor], tree: Any) -> Any:
    """Returns the same tree with every tensor replaced by a function of it."""
    if isinstance(tree, Tensor):
        return function(tree)
    parts = children(tree)
    if parts is None:
        return tree
    changed = {key: mapped(function, child) for key, child in parts.items()}
    if isinstance(tree, Mapping):  # A ModelOutput is a dataclass too, and is made as a mapping is.
        return type(tree)(**changed) if _is_dataclass(tree) else _like(tree, changed)
    if _is_dataclass(tree):
        return dataclasses.replace(tree, **changed)
    if hasattr(tree, "_fields"):  # namedtuple
        return type(tree)(*changed.values())
    return type(tree)(changed.values())


def _like(tree: Any, changed: dict[Any, Any]) -> Any:
    """Returns a mapping of the same kind, or a dict where the kind takes no dict."""
    try:
        return type(tree)(changed)
    except TypeError:
        return changed


def _is_dataclass(tree: Any) -> bool:
    return dataclasses.is_dataclass(tree) and not isinstance(tree, type)

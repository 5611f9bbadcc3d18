"""Keras' wishes for a memory layout, which torch's vmap does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode


class AnyLayout(TorchFunctionMode):
    """Says within the block that tensors lie as they are wished to; numbers do not depend on it.

    Convolutions of images whose channels come last, Keras' default, ask for a layout first.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if func is Tensor.is_contiguous and "memory_format" in named:
            return True
        return func(*args, **named)

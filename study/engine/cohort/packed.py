"""Tensors one behind the other in one piece of memory."""

from __future__ import annotations

import torch
from torch import Tensor


def packed(tensors: list[Tensor]) -> Tensor:
    """Returns one flat tensor of which all of these are consecutive parts.

    Tensors that do not lie so are copied, and replaced in the list by views of the copy.
    """
    end = tensors[0].data_ptr()
    for tensor in tensors:
        if not tensor.is_contiguous() or tensor.data_ptr() != end:
            break
        end += tensor.numel() * tensor.element_size()
    else:
        numbers = sum(tensor.numel() for tensor in tensors)
        storage = tensors[0].untyped_storage()
        if storage.data_ptr() <= tensors[0].data_ptr() and end <= storage.data_ptr() + len(
            storage
        ):
            return tensors[0].as_strided((numbers,), (1,))
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    parts = flat.split([tensor.numel() for tensor in tensors])
    tensors[:] = [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]
    return flat

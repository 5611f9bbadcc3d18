"""A Keras model's pass as the operations that it comes to, without Keras' Python between them.

A layer's `__call__` takes some hundred microseconds of Python, ten times what a small layer's
arithmetic does. Which operations it comes to depends on shapes alone where all layers are Keras'
own: they are written down once for each shape and called one by one from then on.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from study.adapters.keras.library import keras_library
from study.adapters.keras.variables import layers_of

CALLS = 40
"""Passes of one shape after which its operations are written down: it takes as long as these."""

MOST = 4000
"""Operations that are written down, at most."""

Compute = Callable[[Sequence[Tensor], Tensor], Any]
"""From the values of variables and the inputs to the outputs."""

_logger = logging.getLogger("gradscape.engine")


class Traced:
    """The operations of one model, by the shapes of its variables and inputs.

    Args:
        model: Keras'.
        pure: Whether a pass draws no random numbers and changes no variable.
    """

    def __init__(self, model: Any, *, pure: bool) -> None:
        self._usable = pure and _of_keras_alone(model)
        self._calls: dict[Hashable, int] = {}
        self._graphs: dict[Hashable, Callable[..., Tensor] | None] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Traced:
        """Copies of a network have the same operations."""
        return self

    def run(self, compute: Compute, values: Sequence[Tensor], inputs: Tensor) -> Any:
        """Computes the outputs, by the operations alone where they are known."""
        if not self._usable or torch.is_autocast_enabled(inputs.device.type):
            return compute(values, inputs)
        key = tuple((each.shape, each.dtype, each.device) for each in (*values, inputs))
        if key not in self._graphs:
            self._calls[key] = self._calls.get(key, 0) + 1
            if self._calls[key] <= CALLS:
                return compute(values, inputs)
            self._graphs[key] = _written_down(compute, values, inputs)
        graph = self._graphs[key]
        if graph is None:
            return compute(values, inputs)
        try:
            return graph(*values, inputs)
        except RuntimeError as error:  # Of a memory layout that only vmap makes, say.
            _logger.debug("the Keras model runs without a graph: %s", error)
            self._graphs[key] = None
            return compute(values, inputs)


def is_hooked(module: nn.Module) -> bool:
    """Returns whether anything looks at what passes inside a module."""
    inside = (child for child in module.modules() if child is not module)
    hooks = any(child._forward_hooks or child._forward_pre_hooks for child in inside)
    return hooks or bool(torch.overrides._get_current_function_mode_stack())


def _of_keras_alone(model: Any) -> bool:
    """Whether no code but Keras' own decides what is computed: that may go by a count, say."""
    layers = layers_of(model)
    own = [type(each).__module__.startswith("keras.") for each in layers]
    return all(own) and not any(isinstance(each, keras_library().layers.Lambda) for each in layers)


def _written_down(
    compute: Compute, values: Sequence[Tensor], inputs: Tensor
) -> Callable[..., Tensor] | None:
    """The operations as a function; None unless it is the same to the bit, gradients included."""
    from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
    from torch.fx.experimental.proxy_tensor import make_fx

    def flat(*given: Tensor) -> Any:
        return compute(given[:-1], given[-1])

    try:
        # Past vmap and grad, within which a network is called.
        with temporarily_clear_interpreter_stack(), torch.random.fork_rng(devices=[]):
            plain = [_numbers(each) for each in (*values, inputs)]
            before = torch.get_rng_state()
            graph = make_fx(flat)(*plain)
            if not torch.equal(before, torch.get_rng_state()) or len(graph.graph.nodes) > MOST:
                return None
            same = _same(_with_gradients(flat, plain), _with_gradients(graph, plain))
    except Exception as error:  # Whatever cannot be traced stays as it is.
        _logger.debug("the operations of the Keras model cannot be written down: %s", error)
        return None
    return graph if same else None


def _numbers(like: Tensor) -> Tensor:
    if not like.is_floating_point():
        return torch.zeros(like.shape, dtype=like.dtype, device=like.device)
    line = torch.linspace(-1, 1, math.prod(like.shape) or 1, device=like.device)
    return line.sin().to(like.dtype)[: math.prod(like.shape)].view(like.shape)


def _with_gradients(function: Callable[..., Tensor], given: Sequence[Tensor]) -> list[Tensor]:
    with torch.enable_grad():
        leaves = [each.clone().requires_grad_(each.is_floating_point()) for each in given]
        outputs = function(*leaves)
        floating = [each for each in leaves if each.requires_grad]
        gradients = torch.autograd.grad(outputs.sin().sum(), floating, allow_unused=True)
    return [outputs.detach(), *(each for each in gradients if each is not None)]


def _same(ones: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    return len(ones) == len(others) and all(
        torch.equal(one.nan_to_num(), other.nan_to_num())
        for one, other in zip(ones, others, strict=True)
    )

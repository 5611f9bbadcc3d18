"""A network as it is trained: whatever only changes how it is computed, taken off."""

from __future__ import annotations

from torch import nn

from study.engine.networks.error import NetworkError

_OLD_NORMS = ("torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm")
"""They compute a layer's weight in a hook, where nobody who looks for parameters finds it."""


def as_trained(module: nn.Module) -> nn.Module:
    """Returns the network as it is trained: not compiled, with gradients that are dense.

    Neither is more than a way to compute: no number of the training changes.

    Raises:
        NetworkError: If its parameters are such as cannot be trained.
    """
    module = getattr(module, "_orig_mod", module)  # torch.compile
    for parent in list(module.modules()):
        if parent._compiled_call_impl is not None:  # Module.compile
            parent._compiled_call_impl = None
        for name, child in list(parent.named_children()):
            if hasattr(child, "_orig_mod"):
                setattr(parent, name, child._orig_mod)
        if isinstance(parent, nn.Embedding | nn.EmbeddingBag):
            parent.sparse = False
    for name, child in module.named_modules():
        for hook in child._forward_pre_hooks.values():
            if type(hook).__module__ in _OLD_NORMS:
                function = type(hook).__module__
                raise NetworkError(
                    f"a layer's weight must be a parameter or a parametrization, but {name} has "
                    f"{function}; use {function.replace('utils', 'utils.parametrizations')}"
                )
    for name, parameter in module.named_parameters():
        if parameter.is_complex():
            raise NetworkError(
                f"parameters must be real, but {name} is {parameter.dtype}; keep two real ones "
                "and torch.view_as_complex, or watch your own loop: study.watch"
            )
    return module

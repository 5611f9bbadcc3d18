"""Which weights of a network are matrices between hidden layers."""

from __future__ import annotations

from torch import nn

from study.engine.weight_roles import readouts

_MATRIX_MODULES = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.RNNBase,
    nn.RNNCellBase,
    nn.MultiheadAttention,
)


def hidden_matrices(module: nn.Module) -> frozenset[str]:
    """Returns the names of weights that map hidden units to hidden units.

    Those are the weights of linear maps, convolutions, recurrent cells and attention, but for the
    first of the network, and the readout: where no module says which that is, the last.

    References:
        Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024: what is an
        embedding, a head, a bias or a gain is none.
    """
    named = [
        (f"{prefix}.{name}" if prefix else name, child)
        for prefix, child in module.named_modules()
        for name, parameter in child.named_parameters(recurse=False)
        if parameter.ndim >= 2 and "weight" in name
    ]
    weights = [name for name, child in named if isinstance(child, _MATRIX_MODULES)]
    embedded = bool(named) and isinstance(named[0][1], nn.Embedding)
    first = [] if embedded else weights[:1]
    return frozenset(weights) - {*first, *readouts(module, weights)}

"""Parts of a network that a loop does not train, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.optim import Optimizer

from study.engine.layers import Layer
from study.worker.still_parts import FROZEN

DETACHED = "no gradient reaches it: it is detached from the loss"


def still_layers(
    layers: Sequence[Layer],
    named: Mapping[str, Tensor],
    optimizers: Sequence[Optimizer],
    *,
    moved: Mapping[int, float],
    prefix: str = "",
) -> dict[str, str]:
    """Returns why layers do not train, by their names; those that do are left out.

    Args:
        layers: In the order of the forward pass.
        named: Parameters by name, with the gradients of a step.
        optimizers: All that train the network.
        moved: Norms of the step's updates, by the parameter's id.
        prefix: Of the layers' names among the parameters.
    """
    rates = {
        id(parameter): group.get("lr")
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    reasons = {}
    for layer in layers:
        weight = named[prefix + layer.weight]
        if not weight.requires_grad:
            reasons[layer.name] = FROZEN
        elif id(weight) not in rates:
            reasons[layer.name] = "no optimizer has it"
        elif rates[id(weight)] == 0:
            reasons[layer.name] = "its learning rate is 0"
        elif weight.grad is None and not moved.get(id(weight), 0.0):
            # Who makes its updates within the backward pass has cleared other gradients by now.
            reasons[layer.name] = DETACHED
    return reasons

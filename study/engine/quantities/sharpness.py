"""Sharpness: the largest eigenvalue of the loss's Hessian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from study.engine.networks.error import NetworkError
from study.engine.quantities.lanczos import Product, largest_eigenvalue
from study.engine.quantities.loss_function import LossFunction

EXAMPLES = 128
"""The first so many examples of the task, or all where it has fewer: the same for every trial."""


def sharpness(
    loss: LossFunction,
    parameters: Mapping[str, Tensor],
    inputs_B: Tensor,
    targets_B: Tensor,
    start_KxP: Tensor,
) -> Tensor:
    """Computes lambda_max of each trial's Hessian, (K,) in float64, in units of 1/learning rate.

    H = d^2 L / dp^2 is that of the mean loss L on a fixed set of examples, by all parameters p
    together, and lambda_max its algebraically largest eigenvalue: NaN where the loss or its
    derivatives are not finite; 0 or negative where the loss curves upwards nowhere. H itself is
    never formed. Its products are derivatives of the gradient along a fixed vector,

        H v = d/dp (v . dL/dp),

    a second backward pass through one recorded forward pass; kinks (ReLU) count as straight.

    Args:
        loss: The cohort's losses at given parameters.
        parameters: By name, (K, ...) each.
        inputs_B: (B, ...), the same for all trials.
        targets_B: (B, ...).
        start_KxP: Where each trial's search starts; P numbers in the order of `parameters`.

    Raises:
        NetworkError: If torch cannot differentiate the network twice.

    References:
        Cohen et al., Gradient descent on neural networks typically occurs at the edge of
        stability, ICLR 2021 (stable below 2 / learning rate); Pearlmutter 1994 (products).
    """
    with hessian_product(loss, parameters, inputs_B, targets_B) as product:
        return largest_eigenvalue(product, start_KxP)


@contextmanager
def hessian_product(
    loss: LossFunction, parameters: Mapping[str, Tensor], inputs_B: Tensor, targets_B: Tensor
) -> Iterator[Product]:
    """Yields the map from vectors v to H v by trial, (K, P) -> (K, P).

    Args:
        loss: The cohort's losses at given parameters.
        parameters: By name, (K, ...) each.
        inputs_B: (B, ...), the same for all trials.
        targets_B: (B, ...).

    Raises:
        NetworkError: If torch cannot differentiate the network twice.
    """
    trials = len(next(iter(parameters.values())))
    # The fused kernels of attention have a first derivative only.
    with sdpa_kernel(SDPBackend.MATH), torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        loss_K = loss(
            leaves,
            inputs_B.expand(trials, *inputs_B.shape),
            targets_B.expand(trials, *targets_B.shape),
        )
        yield _hessian_product(loss_K.sum(), list(leaves.values()))


def _hessian_product(loss: Tensor, leaves: Sequence[Tensor]) -> Product:
    """Makes the map from v to H v out of the sum of all losses.

    No trial acts on another, so the sum's Hessian is block-diagonal: one pass multiplies K blocks.
    """
    gradients = torch.autograd.grad(loss, leaves, create_graph=True, materialize_grads=True)
    gradient_KxP = _flat(gradients)

    if _is_cut(gradient_KxP):
        raise _differentiable_once("some operation of its backward pass")

    def product(vector_KxP: Tensor) -> Tensor:
        if not gradient_KxP.requires_grad:
            return torch.zeros_like(vector_KxP)  # A loss that is linear in all parameters.
        try:
            # The same as to hand the vector over as the gradient's own, for which torch imports
            # sympy: 0.4 s of the first words that a diagnosis says.
            along = (gradient_KxP * vector_KxP).sum()
            images = torch.autograd.grad(along, leaves, retain_graph=True, materialize_grads=True)
        except RuntimeError as error:
            if "derivative for" not in str(error):
                raise
            raise _differentiable_once(str(error)) from error
        return _flat(images)

    return product


def _is_cut(gradient: Tensor) -> bool:
    """Returns whether a function that is marked as differentiable once lies behind the gradient.

    Autograd leads nowhere from there, and the products would silently lack its part.
    """
    nodes, visited = [gradient.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in visited:
            continue
        if type(node).__name__ == "Error":
            return True
        visited.add(node)
        nodes.extend(following for following, _ in node.next_functions)
    return False


def _differentiable_once(what: str) -> NetworkError:
    return NetworkError(
        "sharpness needs a network that torch can differentiate twice; choose statistics: "
        f"standard, which does not measure it (only once: {what})"
    )


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(len(tensor), -1) for tensor in tensors], dim=1)

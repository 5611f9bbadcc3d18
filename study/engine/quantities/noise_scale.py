"""Gradient noise scale: the batch size at which noise and gradient weigh the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from study.engine.quantities.loss_function import LossFunction


def noise_scale(
    loss: LossFunction,
    parameters: Mapping[str, Tensor],
    inputs_KxB: Tensor,
    targets_KxB: Tensor,
) -> Tensor:
    """Estimates the simple noise scale tr(Sigma) / |G|^2 in examples by trial, (K,) in float64.

    Sigma is the covariance of the gradient of one example, G the mean gradient. Both come from
    the gradients g1 and g2 of the two halves of a batch of B examples: with B_small = B/2 and
    B_big = B the paper's unbiased estimates are

        |G|^2 = <g1, g2>        tr(Sigma) = B |g1 - g2|^2 / 4

    of which the second is never negative. The first is, where noise drowns the gradient; the
    quotient is then negative, and infinite (0/0: NaN) where <g1, g2> is 0. It is stored as it is,
    because nothing is lost: with the batch's gradient norm n, |G|^2 = n^2 / (1 + noise_scale / B)
    and tr(Sigma) = noise_scale |G|^2. Average these two over steps or seeds, then divide: one
    step's quotient scatters widely, and its mean is biased.

    Gradients are those of the loss, before clipping and without weight decay. A last odd example
    is left out; a batch of one has no halves and gives NaN. Under batch normalization each half
    is normalized by its own statistics, and |G|^2 = n^2 / (...) holds only roughly. Batches are
    drawn without replacement, so tr(Sigma) / N is lost of |G|^2 where B nears N examples.

    Args:
        loss: The cohort's losses at given parameters.
        parameters: By name, (K, ...) each.
        inputs_KxB: (K, B, ...).
        targets_KxB: (K, B, ...).

    References:
        McCandlish et al., An empirical model of large-batch training, 2018, eq. 2.9, A.1-A.4.
    """
    half = inputs_KxB.shape[1] // 2
    if half == 0:
        return torch.full((len(inputs_KxB),), torch.nan, dtype=torch.float64).to(inputs_KxB.device)
    first, second = (
        _gradients(loss, parameters, inputs_KxB[:, part], targets_KxB[:, part])
        for part in (slice(0, half), slice(half, 2 * half))
    )
    differences = [g1 - g2 for g1, g2 in zip(first, second, strict=True)]
    signal_K = _inner_product(first, second)  # |G|^2
    # tr(Sigma) = B |g1 - g2|^2 / 4, over |G|^2
    return 2 * half * _inner_product(differences, differences) / 4 / signal_K


def _gradients(
    loss: LossFunction,
    parameters: Mapping[str, Tensor],
    inputs_KxB: Tensor,
    targets_KxB: Tensor,
) -> Sequence[Tensor]:
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        loss_K = loss(leaves, inputs_KxB, targets_KxB)
        gradients = torch.autograd.grad(
            loss_K.sum(), list(leaves.values()), materialize_grads=True
        )
    # In float64: the squares of vanishing gradients are zero in float32.
    return [gradient.double().reshape(len(gradient), -1) for gradient in gradients]


def _inner_product(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    products = [(left * right).sum(dim=1) for left, right in zip(first, second, strict=True)]
    return torch.stack(products).sum(dim=0)

"""Orthogonal initial weights: of layers, and of convolutions as maps of whole images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor


def orthogonal(
    shape: tuple[int, ...], generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Draws a Haar-distributed (semi-)orthogonal matrix (out, in * kernel) (Saxe et al. 2014).

    The signs of R's diagonal make the QR factor unique, and thus Haar (Mezzadri 2007).
    """
    rows, columns = shape[0], math.prod(shape[1:])
    draws = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
    q, r = torch.linalg.qr(draws.double())
    q = q * r.diagonal().sign()
    return (q if rows >= columns else q.T).reshape(shape)


def delta_orthogonal(
    shape: tuple[int, ...], generator: Generator, hyperparameters: Mapping[str, Any]
) -> Tensor:
    """Draws an orthogonal (out, in) matrix at the kernel's centre, zeros elsewhere.

    Where out >= in, the convolution keeps the norm of every image, whatever happens at the
    borders. Where out < in (a readout, a bottleneck), which the paper leaves out, the rows are
    orthonormal: the convolution keeps what lies in `out` of `in` directions. Without kernel axes
    it is `orthogonal`.

    References:
        Xiao et al., Dynamical Isometry and a Mean Field Theory of CNNs, ICML 2018, algorithm 1.
    """
    matrix = orthogonal(shape[:2], generator, hyperparameters)
    weight = matrix.new_zeros(shape)
    centre = weight
    for size in shape[2:]:
        centre = centre.select(2, size // 2)
    centre.copy_(matrix)
    return weight

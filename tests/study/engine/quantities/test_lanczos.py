from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from study.engine.quantities.lanczos import MAX_PRODUCTS, largest_eigenvalue

SIZE = 60


def symmetric(eigenvalues: Tensor, seed: int = 0) -> Tensor:
    """Matrices (K, P, P) with these eigenvalues (K, P) and random eigenvectors."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randn(*eigenvalues.shape, eigenvalues.shape[1], generator=generator).double()
    vectors, _ = torch.linalg.qr(draws)
    return vectors @ torch.diag_embed(eigenvalues.double()) @ vectors.mT


def search(matrices: Tensor) -> tuple[Tensor, int]:
    """The eigenvalues found, and the number of products that took."""
    products = 0

    def product(vectors: Tensor) -> Tensor:
        nonlocal products
        products += 1
        return (matrices @ vectors.unsqueeze(2)).squeeze(2)

    generator = torch.Generator().manual_seed(1)
    start = torch.randn(matrices.shape[1], generator=generator).to(matrices.dtype)
    return largest_eigenvalue(product, start.expand(len(matrices), -1)), products


def spectrum(*leading: float) -> Tensor:
    """Some eigenvalues above a bulk in [-1, 1]."""
    bulk = torch.linspace(-1, 1, SIZE - len(leading))
    return torch.cat([torch.tensor(leading), bulk])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_the_algebraically_largest(dtype: torch.dtype) -> None:
    spectra = torch.stack(
        [
            spectrum(20.0, 3.0),
            spectrum(4.0, 3.9, 3.8, -2.0),
            spectrum(5.0, -50.0),  # The largest magnitude is another one.
            spectrum(0.0, 0.0) - 3,
        ]
    )
    eigenvalues, products = search(symmetric(spectra).to(dtype))
    assert eigenvalues.dtype == torch.float64
    np.testing.assert_allclose(eigenvalues, spectra.amax(dim=1), rtol=1e-3)
    assert products <= MAX_PRODUCTS


def test_few_products_reach_an_eigenvalue_that_stands_out() -> None:
    _, products = search(symmetric(spectrum(20.0, 3.0).unsqueeze(0)))
    assert products <= 8


def test_a_searched_out_space_ends_the_search() -> None:
    one_value = symmetric(torch.full((1, SIZE), 2.5))
    assert search(one_value) == (pytest.approx(2.5), 1)
    two_values = symmetric(torch.tensor([[7.0] * 3 + [-4.0] * (SIZE - 3)]))
    assert search(two_values) == (pytest.approx(7.0), 2)
    eigenvalues, products = search(torch.zeros(1, SIZE, SIZE))
    assert (eigenvalues.tolist(), products) == ([0.0], 1)


def test_a_matrix_without_positive_eigenvalues_gives_a_negative_number() -> None:
    eigenvalues, _ = search(symmetric(-torch.linspace(1, 9, SIZE).unsqueeze(0)))
    assert eigenvalues.item() == pytest.approx(-1.0, rel=0.02)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e20, 1e30])
def test_squares_neither_overflow_nor_underflow(scale: float) -> None:
    matrices = (symmetric(spectrum(20.0, 3.0).unsqueeze(0)) * scale).float()
    assert search(matrices)[0].item() == pytest.approx(20 * scale, rel=1e-3)


def test_neighbours_do_not_matter_and_one_of_nans_is_nan() -> None:
    spectra = torch.stack([spectrum(20.0), spectrum(1.2, 1.19, 1.18), spectrum(3.0)])
    matrices = symmetric(spectra)
    matrices[1, 4, 7] = matrices[1, 7, 4] = torch.nan
    together, _ = search(matrices)
    assert math.isnan(together[1].item())
    for index in (0, 2):
        alone, _ = search(matrices[index : index + 1])
        assert together[index].item() == pytest.approx(alone.item(), rel=1e-12)
    infinite = matrices[:1].clone()
    infinite[0, 0, 0] = torch.inf
    assert search(infinite)[0].isnan().all()

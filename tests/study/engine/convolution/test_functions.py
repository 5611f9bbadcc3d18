"""Convolutions of a cohort against torch's own, trial by trial, and against finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import vmap
from torch.nn import functional

from study.engine.convolution import Geometry, conv2d, patches

CASES = {
    "as 3 x 3 layers are": ((3, 3), (1, 1), (1, 1), True),
    "halving": ((3, 3), (2, 2), (1, 1), True),
    "1 x 1": ((1, 1), (1, 1), (0, 0), False),
    "1 x 1, halving": ((1, 1), (2, 2), (0, 0), True),
    "with rows that no kernel reaches": ((2, 2), (3, 3), (0, 0), True),
    "oblong": ((3, 2), (1, 2), (2, 0), True),
}


def tensors(
    kernel: tuple[int, int], *, biased: bool, trials: int = 2, channels: int = 2, out: int = 2
) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(trials, 2, channels, 5, 4), (trials, out, channels, *kernel), (trials, out)]
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in shapes[: 3 if biased else 2]
    ]


def together(geometry: Geometry, *values: Tensor) -> Tensor:
    """A cohort's convolution: (K, B, in, h, w), (K, out, in, h, w) and perhaps (K, out)."""

    def one(images: Tensor, weight: Tensor, *bias: Tensor) -> Tensor:
        return conv2d(images, weight, bias[0] if bias else None, geometry)

    return vmap(one)(*values)


def apart(geometry: Geometry, *values: Tensor) -> Tensor:
    """The oracle: torch's convolution of each trial."""
    bias = values[2] if len(values) > 2 else [None] * len(values[0])
    return torch.stack(
        [
            functional.conv2d(x, w, b, geometry.stride, geometry.padding)  # type: ignore[arg-type]
            for x, w, b in zip(values[0], values[1], bias, strict=True)
        ]
    )


@pytest.mark.parametrize("case", CASES)
def test_equals_torchs_own_and_can_be_differentiated_twice(case: str) -> None:
    kernel, stride, padding, biased = CASES[case]
    geometry = Geometry(stride=stride, padding=padding)
    values = tensors(kernel, biased=biased)
    torch.testing.assert_close(together(geometry, *values), apart(geometry, *values))

    def function(*values: Tensor) -> Tensor:
        return together(geometry, *values)

    assert torch.autograd.gradcheck(function, values, fast_mode=True)
    assert torch.autograd.gradgradcheck(function, values, fast_mode=True)


def test_hessian_vector_products_are_those_of_torchs_convolution() -> None:
    geometry = Geometry(stride=(1, 1), padding=(1, 1))
    values = tensors((3, 3), biased=True, trials=3)
    vectors = [torch.randn_like(value) for value in values]
    products = []
    for convolved in (together, apart):
        loss = torch.tanh(convolved(geometry, *values)).square().sum()
        first = torch.autograd.grad(loss, values, create_graph=True)
        along = sum((g * v).sum() for g, v in zip(first, vectors, strict=True))
        products.append(torch.autograd.grad(along, values))  # type: ignore[arg-type]
    for got, expected in zip(*products, strict=True):
        torch.testing.assert_close(got, expected)


def test_trials_that_do_not_fit_together_are_convolved_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patches, "MOST_COLUMNS", 2 * 8 * 9 * 2 * 5 * 4)  # Two trials of five.
    geometry = Geometry(stride=(1, 1), padding=(1, 1))
    values = tensors((3, 3), biased=True, trials=5, channels=8, out=8)
    gradients = []
    for convolved in (together, apart):
        outputs = convolved(geometry, *values)
        gradients.append([outputs, *torch.autograd.grad(outputs.sin().sum(), values)])
    for got, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(got, expected)


def test_what_all_trials_share_need_not_be_stacked() -> None:
    geometry = Geometry(stride=(1, 1), padding=(1, 1))
    images, weights, biases = tensors((3, 3), biased=True)
    outputs = vmap(lambda w, b: conv2d(images[0], w, b, geometry))(weights, biases)
    expected = apart(geometry, images[:1].expand(2, -1, -1, -1, -1), weights, biases)
    torch.testing.assert_close(outputs, expected)
    shared = vmap(lambda x: conv2d(x, weights[0], biases[0], geometry))(images)
    got = torch.autograd.grad(shared.sin().sum(), (weights, biases))
    alone = functional.conv2d(images.flatten(0, 1), weights[0], biases[0], padding=1)
    for one, other in zip(
        got, torch.autograd.grad(alone.sin().sum(), (weights, biases)), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_one_trial_is_torchs_convolution_bit_for_bit() -> None:
    geometry = Geometry(stride=(2, 2), padding=(1, 1))
    values = [value[0].detach().requires_grad_() for value in tensors((3, 3), biased=True)]
    outputs = conv2d(values[0], values[1], values[2], geometry)
    expected = functional.conv2d(values[0], values[1], values[2], 2, 1)
    assert torch.equal(outputs, expected)
    gradients = torch.autograd.grad(outputs.square().sum(), values)
    for got, wanted in zip(
        gradients, torch.autograd.grad(expected.square().sum(), values), strict=True
    ):
        torch.testing.assert_close(got, wanted)


def test_autocast_reaches_the_convolution() -> None:
    geometry = Geometry(stride=(1, 1), padding=(1, 1))
    values = [value.detach().float().requires_grad_() for value in tensors((3, 3), biased=True)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = together(geometry, *values)
    assert outputs.dtype == torch.bfloat16
    exact = apart(geometry, *values)
    got = [outputs.float(), *torch.autograd.grad(outputs.float().square().sum(), values)]
    expected = [exact, *torch.autograd.grad(exact.square().sum(), values)]
    for one, other in zip(got, expected, strict=True):
        assert one.dtype == torch.float32
        assert 0 < (one - other).norm() < 0.02 * other.norm()

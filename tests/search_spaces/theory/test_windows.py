"""Mean squares through a convolution, against torch's convolutions with weights of one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from search_spaces.theory.windows import Window

CASES = [((8, 8), 3, 1), ((8, 8), 3, 2), ((7, 9), 3, 2), ((5, 4), 3, 1), ((1, 1), 1, 1)]


@pytest.mark.parametrize(("sides", "size", "stride"), CASES)
@pytest.mark.parametrize("centred", [False, True])
def test_gathering_is_a_convolution_and_scattering_its_transpose(sides, size, stride, centred):
    window = Window(sides=sides, size=size, stride=stride, centred=centred)
    kernel = torch.ones(1, 1, size, size, dtype=torch.float64)
    if centred:
        kernel = torch.zeros_like(kernel)
        kernel[..., size // 2, size // 2] = 1
    image = torch.rand(1, 1, *sides, dtype=torch.float64).requires_grad_()
    made = functional.conv2d(image, kernel, stride=stride, padding=size // 2)
    values = image.detach().numpy()[0, 0]
    assert window.sides_after == tuple(made.shape[2:])
    np.testing.assert_allclose(window.gathered(values), made.detach().numpy()[0, 0])
    weights = torch.rand_like(made)
    (gradient,) = torch.autograd.grad((made * weights).sum(), image)
    np.testing.assert_allclose(window.scattered(weights.numpy()[0, 0]), gradient.numpy()[0, 0])

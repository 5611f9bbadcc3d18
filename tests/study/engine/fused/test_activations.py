"""The compiled activations where exponentials leave the range of numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from study.engine.activations import ACTIVATIONS
from study.engine.fused.activations import CODES
from study.engine.fused.activations import activate as written
from study.engine.fused.compiled import compiled

ENDS = (-1e30, -1e4, -800.0, -100.0, -50.0, -20.0, 20.0, 50.0, 100.0, 800.0, 1e4, 1e30)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_and_slopes_are_torchs_far_from_zero(dtype: type[np.floating]) -> None:
    """Networks that explode are there soon: a NaN would be told as where the failure began."""
    activate = compiled(written, np.dtype(dtype).name)
    for name, code in CODES.items():
        values = np.array(ENDS, dtype)
        inputs = torch.tensor(values, requires_grad=True)
        outputs = ACTIVATIONS[name].module()(inputs)
        outputs.sum().backward()
        slopes = np.ones_like(values)
        activate(code, values, slopes)
        expected = outputs.detach().numpy(), inputs.grad.numpy()
        for ours, theirs in zip((values, slopes), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-8, err_msg=name)
        values = np.array([np.nan], dtype)
        activate(code, values, np.ones_like(values))
        assert np.isnan(values[0]), name

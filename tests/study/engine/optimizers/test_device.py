"""The host never waits for the device.

Tensors on torch's meta device have no numbers, so that reading one back is an error there.
"""

from __future__ import annotations

import pytest
import torch

from tests.study.engine.optimizers.conftest import HYPERPARAMETERS, blocks, cohort, steps


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_no_number_is_read_back_in_a_step(name: str) -> None:
    optimizer = cohort(name, HYPERPARAMETERS[name], torch.float32, device="meta")
    parameters = [block.to("meta") for block in blocks(torch.float32)]
    for step in steps(3, torch.float32):
        optimizer.step(
            parameters,
            [gradient.to("meta") for gradient in step.gradients],
            learning_rate_K=step.rate_K.to("meta"),
            gradient_scale_K=None if step.scale_K is None else step.scale_K.to("meta"),
        )
    state = optimizer.state()
    assert int(state["steps"][0]) == 3
    assert all(one.is_meta for key, ones in state.items() if key != "steps" for one in ones)
    with pytest.raises((RuntimeError, NotImplementedError)):
        parameters[0].sum().item()

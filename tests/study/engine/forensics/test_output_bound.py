"""Networks that end in what their loss has no use for."""

from __future__ import annotations

import torch
from torch import nn

from study.engine import classification
from study.engine.forensics import output_bound

INPUTS = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))


def ending_in(*last: nn.Module, outputs: int = 3) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, outputs), *last)


LABELS = classification("labels", INPUTS, torch.arange(100) % 3, classes=3, target=0.9)


def test_a_softmax_under_a_loss_that_applies_its_own() -> None:
    found = output_bound(ending_in(nn.Softmax(dim=1)), LABELS)
    assert found is not None and "a softmax of its own" in found
    assert output_bound(ending_in(), LABELS) is None


def test_nothing_is_changed_by_the_look() -> None:
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 3))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.random.get_rng_state()
    output_bound(module, LABELS)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(parameter.grad is None for parameter in module.parameters())

"""Networks put together in a way that lets them fail, each beside its healthy twin."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from study.engine import Task, classification
from study.engine.forensics import Wiring, look_at_wiring, wiring

GENERATOR = torch.Generator().manual_seed(0)
TABLE = torch.randn(60, 4, generator=GENERATOR)
SERIES = torch.randn(60, 30, 4, generator=GENERATOR)


def labels(inputs: Tensor) -> Task:
    return classification("labels", inputs, torch.arange(60) % 3, classes=3, target=0.9)


def looked(module: nn.Module, task: Task) -> Wiring:
    return look_at_wiring(module, dict(module.named_parameters()), task)


def layers(*middle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), *middle, nn.Linear(8, 3))


class Through(nn.Module):
    """A module, and what is done with what it returns."""

    def __init__(self, module: nn.Module, then: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.module, self.then = module, then

    def forward(self, inputs: Tensor) -> Tensor:
        return self.then(self.module(inputs))


class Recurrent(nn.Module):
    def __init__(self, *, batch_first: bool, at: int | None = -1) -> None:
        super().__init__()
        self.cell = nn.RNN(4, 8, batch_first=batch_first)
        self.readout, self.at = nn.Linear(8, 3), at

    def forward(self, inputs: Tensor) -> Tensor:
        states = self.cell(inputs)[0]
        return self.readout(states.mean(1) if self.at is None else states[:, self.at])


class Listed(nn.Module):
    def __init__(self, keep: Callable[[list[nn.Module]], object]) -> None:
        super().__init__()
        self.blocks, self.readout = keep([nn.Linear(4, 4)]), nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        for block in self.blocks:  # type: ignore[attr-defined]
            inputs = block(inputs).relu()
        return self.readout(inputs)


def dropping(share: float) -> nn.Module:
    return layers(nn.Linear(8, 200), nn.ReLU(), nn.Dropout(share), nn.Linear(200, 8))


def drawing(size: float) -> nn.Module:
    def noisy(hidden: Tensor) -> Tensor:
        return nn.functional.relu(hidden) + size * torch.randn_like(hidden)

    return nn.Sequential(Through(nn.Linear(4, 8), noisy), nn.Linear(8, 3))


def constant(module: nn.Module, value: float) -> nn.Module:
    for parameter in module.parameters():
        nn.init.constant_(parameter, value)
    return module


@pytest.mark.parametrize(
    ("broken", "healthy", "inputs", "fault"),
    [
        (
            lambda: Through(layers(nn.ReLU()), lambda outputs: outputs.softmax(0).log()),
            lambda: Through(layers(nn.ReLU()), lambda outputs: outputs.softmax(1).log()),
            TABLE,
            "mixed_examples",
        ),
        (
            lambda: Recurrent(batch_first=False),
            lambda: Recurrent(batch_first=True, at=None),
            SERIES,
            "mixed_examples",
        ),
        (layers, lambda: layers(nn.Tanh()), TABLE, "linear_network"),
        (
            lambda: constant(layers(nn.ReLU()), 0.1),
            lambda: layers(nn.ReLU()),
            TABLE,
            "alike_units",
        ),
        (
            lambda: constant(layers(nn.Tanh()), 0.0),
            lambda: layers(nn.Tanh()),
            TABLE,
            "alike_units",
        ),
        (lambda: dropping(0.99), lambda: dropping(0.5), TABLE, "own_noise"),
        (
            lambda: nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=1), nn.Linear(1, 3)),
            lambda: nn.Sequential(nn.Linear(4, 1), nn.Sigmoid(), nn.Linear(1, 3)),
            TABLE,
            "unseen_inputs",
        ),
        (
            lambda: nn.Sequential(nn.LayerNorm(1), nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 3)),
            lambda: nn.Sequential(nn.Linear(1, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3)),
            TABLE[:, :1],
            "unseen_inputs",
        ),
        (
            lambda: Recurrent(batch_first=True, at=0),
            lambda: Recurrent(batch_first=True, at=-1),
            SERIES,
            "unseen_inputs",
        ),
        # Its draws differ by position, which no other example is to blame for.
        (lambda: drawing(50.0), lambda: drawing(0.1), TABLE, "own_noise"),
    ],
)
def test_a_fault_and_its_healthy_twin(
    broken: Callable[[], nn.Module], healthy: Callable[[], nn.Module], inputs: Tensor, fault: str
) -> None:
    torch.manual_seed(0)
    assert looked(broken(), labels(inputs)).fault == fault
    assert looked(healthy(), labels(inputs)).fault is None


def sigmoids(number: int) -> nn.Module:
    return layers(*(part for _ in range(number) for part in (nn.Sigmoid(), nn.Linear(8, 8))))


def test_usual_networks_have_none() -> None:
    """A readout of zeros, batch normalization, and one layer alone are as meant; what reaches
    the outputs of thirty sigmoid layers is lost in rounding, but not in the wiring."""
    zero = layers(nn.ReLU())
    constant(zero[-1], 0.0)
    for module in (
        zero,
        sigmoids(30),
        layers(nn.BatchNorm1d(8), nn.ReLU()),
        nn.Sequential(nn.Linear(4, 3)),
    ):
        assert looked(module, labels(TABLE)) == Wiring(
            time_ratio=pytest.approx(math.nan, nan_ok=True)
        )


def test_targets_in_a_row_under_outputs_in_a_column() -> None:
    def task(targets: Tensor) -> Task:
        return Task(
            name="numbers",
            inputs=TABLE,
            targets=targets,
            outputs=1,
            loss=lambda outputs, targets: (
                (outputs - targets).square().reshape(len(outputs), -1).mean(1)
            ),
            loss_chance=1.0,
        )

    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    found = looked(module, task(TABLE[:, 0]))
    assert found.fault == "broadcast"
    assert found.detail is not None and "(N, 1) and targets (N,)" in found.detail
    assert looked(module, task(TABLE[:, :1])).fault is None


def test_a_softmax_over_one_output_is_named() -> None:
    task = Task(
        name="yes or no",
        inputs=TABLE,
        targets=(TABLE[:, :1] > 0).float(),
        outputs=1,
        loss=lambda outputs, targets: (outputs - targets).square().mean(1),
        loss_chance=0.25,
    )
    detail = looked(nn.Sequential(nn.Linear(4, 1), nn.Softmax(dim=1)), task).detail
    assert detail is not None and detail.endswith("always 1; use a sigmoid")
    assert looked(nn.Sequential(nn.Linear(4, 1), nn.Sigmoid()), task).fault is None


def test_modules_in_a_plain_list_do_not_train() -> None:
    found = looked(Listed(list), labels(TABLE))
    assert {name: why.partition(",")[0] for name, why in found.still.items()} == {
        "blocks[0]": "kept in a plain list or dict"
    }
    assert found.still_share == pytest.approx(20 / 35)
    assert looked(Listed(nn.ModuleList), labels(TABLE)).still == {}


def test_what_is_detached_does_not_train() -> None:
    cut = nn.Sequential(Through(nn.Linear(4, 4), Tensor.detach), nn.ReLU(), nn.Linear(4, 3))
    found = looked(cut, labels(TABLE))
    assert found.still == {"0.module": "detached: no gradient passes"}


def test_the_gradient_through_the_time_steps_of_one_module() -> None:
    """Against autograd by the inputs themselves."""
    module = Recurrent(batch_first=True)
    task = labels(SERIES)
    chosen = torch.linspace(0, 59, wiring.EXAMPLES).long()
    inputs = SERIES[chosen].clone().requires_grad_()
    targets = task.targets[chosen]
    (gradient,) = torch.autograd.grad(task.loss(module(inputs), targets).mean(), [inputs])
    rms = gradient.double().square().mean(dim=(0, 2)).sqrt()
    ratio = looked(module, task).time_ratio
    assert ratio == pytest.approx(float(rms[0] / rms[-1]), rel=1e-5) and ratio < 1e-3
    assert math.isnan(looked(layers(nn.ReLU()), labels(TABLE)).time_ratio)


def test_nothing_is_changed_by_the_look() -> None:
    module = layers(nn.BatchNorm1d(8), nn.Dropout())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.random.get_rng_state()
    looked(module, labels(TABLE))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all(each.training for each in module.modules())


def test_a_network_that_cannot_be_tried_has_nothing_odd() -> None:
    class Refuses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.readout = nn.Linear(4, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            raise RuntimeError("not now")

    assert looked(Refuses(), labels(TABLE)).fault is None


def test_a_module_that_counts_its_calls_is_not_called() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.readout, self.calls = nn.Linear(4, 3), 0

        def forward(self, inputs: Tensor) -> Tensor:
            self.calls += 1
            return self.readout(inputs)

    module = Counting()
    looked(module, labels(TABLE))
    assert module.calls == 0

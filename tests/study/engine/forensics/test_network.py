"""An activation, a gradient or a parameter that is not finite: in which layer, at which call."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS
from tests.study.engine.forensics.conftest import (
    X,
    a_task,
    a_trial,
    failure_of,
    network_of,
    squared,
    train,
)


class Growing(nn.Module):
    """A state that is multiplied at every time step of (B, 60, 3), until it overflows float32."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.state = nn.Linear(3, 3, bias=False)
        self.read = nn.Linear(3, 1)
        nn.init.eye_(self.state.weight)
        self.state.weight.data *= factor

    def forward(self, inputs: Tensor) -> Tensor:
        h = inputs[:, 0]
        for _ in inputs.unbind(1):
            h = self.state(h)
        outputs: Tensor = self.read(h)
        return outputs


class Wide(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 3, bias=False), nn.Linear(3, 1)
        nn.init.eye_(self.first.weight)
        nn.init.constant_(self.last.weight, 1.0)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.last(self.first(inputs))
        return outputs


class Rooted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.last((0 * self.first(inputs)).sqrt())
        return outputs


class Masked(nn.Module):
    """Has a module that returns infinities on purpose, beside one that overflows."""

    def __init__(self) -> None:
        super().__init__()
        self.mask, self.first, self.last = (
            nn.Threshold(1e9, -math.inf),
            nn.Linear(3, 4),
            nn.Linear(4, 1),
        )
        nn.init.constant_(self.first.weight, 1e30)

    def forward(self, inputs: Tensor) -> Tensor:
        weights = self.mask(inputs.detach()).exp()
        outputs: Tensor = self.last(self.first(inputs * 1e3 + weights))
        return outputs


AS_GIVEN: dict[str, Any] = {"initialization": "torch_default", "batch_size": 64}


def test_a_state_that_runs_away_until_the_loss_passes_its_bound() -> None:
    # Its gradients said that it vanishes through time, and no recorded step showed the state: the
    # trial went from an ordinary loss to 1e14 within two steps.
    network = network_of(lambda: Growing(1.0))
    task = a_task(inputs=torch.ones(64, 60, 3), targets=torch.ones(64, 1))
    record = train(task, network, trials=[a_trial(**AS_GIVEN, dtype="float64")])
    assert record.failure_step[0] == -1 and record.steps_run[0] < 20
    failure = failure_of(record)
    assert failure.origin == "state"
    assert re.fullmatch(
        r"layer 1 \(state\) grows from \S+ at time step 1 to \S+ at time step 60 of 60",
        failure.detail,
    )
    assert failure.growth is not None and failure.growth > 100
    assert failure.output is not None and failure.output > 100


def test_a_state_that_settles_is_not_said_to_grow() -> None:
    task = a_task(inputs=torch.ones(64, 60, 3), targets=torch.ones(64, 1))
    record = train(
        task, network_of(lambda: Growing(0.9)), trials=[a_trial(learning_rate=1e9)], steps=3
    )
    assert record.first_failure[0] is None or record.first_failure[0].origin != "state"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_state_that_grows_names_layer_and_time_step(dtype: str) -> None:
    record = train(
        a_task(inputs=torch.ones(64, 60, 3), targets=torch.ones(64, 1)),
        network_of(lambda: Growing(10.0)),
        trials=[a_trial(**AS_GIVEN, dtype=dtype)],
    )
    failure = failure_of(record)
    assert failure.origin == "activation"
    # 10^38 is finite in float32 and bfloat16, 10^39 is not.
    assert failure.detail == ("layer 1 (state) at time step 39 of 60, for all 64 examples")
    assert failure.output == math.inf


def test_built_in_recurrent_networks_are_looked_into() -> None:
    # Their time steps are one operation, which shows its layers only to those who watch.
    record = train(
        a_task(inputs=torch.ones(64, 12, 3), targets=torch.ones(64, 1)),
        NETWORKS["rnn"],
        trials=[
            a_trial(
                depth=1,
                width=4,
                activation="relu",
                initialization="orthogonal",
                init_gain=1e4,
                batch_size=64,
            )
        ],
    )
    failure = failure_of(record)
    assert failure.origin == "activation"
    assert re.match(r"layer 2 \(recurrent_1\) at time step \d+ of 12, for ", failure.detail)


class TorchRnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.read = nn.RNN(3, 3, nonlinearity="relu", batch_first=True), nn.Linear(3, 1)
        with torch.no_grad():
            self.rnn.weight_ih_l0.copy_(torch.eye(3))
            self.rnn.weight_hh_l0.copy_(10 * torch.eye(3))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.read(self.rnn(inputs)[0][:, -1])
        return outputs


def test_a_module_that_runs_through_time_in_one_call() -> None:
    inputs = torch.ones(64, 50, 3)
    record = train(
        a_task(inputs=inputs, targets=torch.ones(64, 1)),
        network_of(TorchRnn),
        trials=[a_trial(**AS_GIVEN)],
    )
    failure = failure_of(record)
    # 1 + 10 + ... + 10^38 is finite in float32.
    assert failure.detail.startswith("layer 1 (rnn) at time step 40 of 50, for all 64 examples")


def test_one_example_that_overflows_in_the_readout() -> None:
    inputs = X.clone()
    inputs[17] = 3e38
    failure = failure_of(
        train(a_task(inputs=inputs), network_of(Wide), trials=[a_trial(**AS_GIVEN)])
    )
    assert failure.origin == "outputs"
    assert failure.detail == "layer 2 (last), for 1 of 64 examples (row 17)"


def test_a_gradient_inside_the_network() -> None:
    failure = failure_of(train(a_task(), network_of(Rooted), trials=[a_trial(**AS_GIVEN)]))
    # The network's own function, at ordinary numbers: nothing had run away.
    assert failure.origin == "network"
    assert failure.detail.startswith("the derivative of sqrt at 0 at layer 1 (first); add ")


def test_a_module_that_masks_is_not_to_blame() -> None:
    inputs = X.clone()
    inputs[:] = 1.0
    inputs[3] = 1e9
    failure = failure_of(
        train(a_task(inputs=inputs), network_of(Masked), trials=[a_trial(**AS_GIVEN)])
    )
    assert failure.detail == "layer 1 (first), for 1 of 64 examples (row 3)"


def test_a_parameter_after_an_update_that_divides_by_zero() -> None:
    # Adam without epsilon: the gradient of an input that is always zero is 0, and 0 / 0 is NaN.
    inputs = X.clone()
    inputs[:, 1] = 0.0
    record = train(a_task(inputs=inputs), trials=[a_trial(optimizer="adam", epsilon=0.0)])
    failure = failure_of(record)
    assert record.failure_step[0] == 1
    assert failure.origin == "parameter"
    assert failure.detail == "weight (1 of 3 numbers), after the update of step 0"


def test_a_parameter_after_the_very_last_update() -> None:
    inputs = X.clone()
    inputs[:, 1] = 0.0
    record = train(a_task(inputs=inputs), trials=[a_trial(optimizer="adam", epsilon=0.0)], steps=1)
    assert record.failure_tensor[0] == "parameter:weight"
    assert failure_of(record).detail == "weight (1 of 3 numbers), after the update of step 0"


def test_gradients_whose_norm_alone_overflows() -> None:
    failure = failure_of(
        train(a_task(loss=lambda o, t: 1e25 * squared(o, t)), trials=[a_trial(**AS_GIVEN)])
    )
    assert failure.origin == "gradient"
    assert "norm overflows" in failure.detail


class Attending(nn.Module):
    """Attention over (B, 2, 3) in which positions of zeros are masked."""

    def __init__(self, mask: float) -> None:
        super().__init__()
        self.values, self.last, self.mask = nn.Linear(3, 3), nn.Linear(3, 1), mask

    def forward(self, inputs: Tensor) -> Tensor:
        padding = (inputs == 0).all(-1)
        scores = (inputs @ inputs.transpose(1, 2)).masked_fill(padding[:, None], self.mask)
        outputs: Tensor = self.last((scores.softmax(-1) @ self.values(inputs)).mean(1))
        return outputs


class TorchAttending(nn.Module):
    """The same by torch's own module; a finite mask leaves what is masked whole alone."""

    def __init__(self, mask: float) -> None:
        super().__init__()
        self.heads, self.last = nn.MultiheadAttention(3, 1, batch_first=True), nn.Linear(3, 1)
        self.whole = mask == -math.inf

    def forward(self, inputs: Tensor) -> Tensor:
        padding = (inputs == 0).all(-1)
        padding = padding if self.whole else padding & ~padding.all(1, keepdim=True)
        attended = self.heads(inputs, inputs, inputs, key_padding_mask=padding)[0]
        outputs: Tensor = self.last(attended.mean(1))
        return outputs


@pytest.mark.parametrize(
    ("kind", "function"),
    [(Attending, "softmax"), (TorchAttending, "multi_head_attention_forward")],
)
def test_an_example_that_is_masked_whole(kind: Any, function: str) -> None:
    """The first NaN came of a mask's -inf, no finite number, and depth was blamed for it."""
    inputs = torch.randn(64, 2, 3, generator=torch.Generator().manual_seed(0))
    inputs[[5, 40]] = 0.0
    task = a_task(inputs=inputs, targets=torch.ones(64, 1))
    broken = train(task, network_of(lambda: kind(-math.inf)), trials=[a_trial(**AS_GIVEN)])
    failure = failure_of(broken)
    assert failure.origin == "network"
    assert failure.detail.startswith(f"{function} over nothing but -inf for 2 of 64 examples")
    sound = train(task, network_of(lambda: kind(-1e9)), trials=[a_trial(**AS_GIVEN)])
    assert sound.failure_step[0] == -1

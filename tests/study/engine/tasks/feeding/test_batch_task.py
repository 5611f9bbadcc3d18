"""Tasks of several inputs, of outputs that are no tensor, and of losses of a whole batch."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from study.engine import CohortRecord, NetworkError, NetworkFactory, Task, batch_task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.engine.seeds import module_seed
from study.engine.tasks import DataError
from study.trial import Trial

STEPS, BATCH, EXAMPLES = 8, 16, 96


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def info_nce(outputs: tuple[Tensor, Tensor], targets: object) -> Tensor:
    left, right = (functional.normalize(each, dim=1) for each in outputs)
    return functional.cross_entropy(left @ right.T / 0.1, torch.arange(len(left)))


class Pair(nn.Module):
    """Two inputs, a tuple of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(6, 4), nn.Linear(5, 4)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        return self.left(first), self.right(second)


class ModelOutput(OrderedDict[str, Tensor]):
    """As transformers has it: a mapping whose loss the network computed."""


class Masked(nn.Module):
    """Inputs by name with padding, and a loss of its own; `labels` are among its arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.readout = nn.Embedding(7, 8), nn.Linear(8, 7)

    def forward(self, ids: Tensor, mask: Tensor, labels: Tensor) -> ModelOutput:
        logits = self.readout(self.embedding(ids))
        losses = functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
        weights = mask.to(losses.dtype)
        return ModelOutput(loss=(losses * weights).sum() / weights.sum(), logits=logits)


@dataclass
class Code:
    mean: Tensor
    picture: Tensor


class Coder(nn.Module):
    """Outputs are a dataclass; dropout between them."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(6, 4), nn.Linear(4, 6)
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs: Tensor) -> Code:
        mean = self.inner(inputs)
        return Code(mean=mean, picture=self.outer(self.dropout(mean)))


def code_loss(outputs: Code, targets: Tensor, module: Coder) -> Tensor:
    """With a term of what the network keeps, beside those of its outputs."""
    size = module.inner.weight.square().sum()
    errors = (outputs.picture - targets).square().sum(dim=1)
    return errors + 0.1 * outputs.mean.square().sum(dim=1) + 0.01 * size


class Curve(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line, self.bend = nn.Linear(6, 5), nn.Linear(5, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        value: Tensor = self.bend(self.line(inputs).tanh())
        return value


def slope_loss(outputs: Tensor, targets: Tensor, module: Curve) -> Tensor:
    """Asks the network at other places too, as equations with derivatives do."""
    slope = (module(targets + 0.1) - outputs) / 0.1
    return (slope - targets[:, :1]).square().sum(dim=1)


class Words(Dataset[tuple[Tensor, Tensor]]):
    def __len__(self) -> int:
        return EXAMPLES

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        ids = torch.arange(2 + index % 4) % 7
        return ids, (ids + 1) % 7


def padded(items: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    ids, labels = (pad_sequence(list(each), batch_first=True) for each in zip(*items, strict=True))
    lengths = torch.tensor([len(each) for each, _ in items])
    return {"ids": ids, "labels": labels, "mask": torch.arange(ids.shape[1]) < lengths[:, None]}


def pairs(**options: Any) -> Task:
    data = ((numbers(EXAMPLES, 6), numbers(EXAMPLES, 5, seed=1)), ())
    return batch_task("pairs", data, loss=info_nce, loss_chance=math.log(BATCH), **options)


def words() -> Task:
    loader = DataLoader(Words(), batch_size=3, collate_fn=padded)
    return batch_task("words", loader, loss_chance=math.log(7))


def codes() -> Task:
    inputs = numbers(EXAMPLES, 6)
    return batch_task("codes", (inputs, inputs), loss=code_loss, loss_chance=6.0)


def slopes() -> Task:
    inputs = numbers(EXAMPLES, 6)
    return batch_task("slopes", (inputs, inputs), loss=slope_loss, loss_chance=1.0)


CASES: dict[str, tuple[Task, type[nn.Module]]] = {
    "pairs": (pairs(), Pair),
    "words": (words(), Masked),
    "codes": (codes(), Coder),
}


def factory(module: type[nn.Module]) -> NetworkFactory:
    return lambda hyperparameters, task: module()


def trials(n: int, **changes: Any) -> list[Trial]:
    values: Mapping[str, Any] = {
        **{"batch_size": BATCH, "optimizer": "sgd", "momentum": 0.0, "dtype": "float64"},
        **{"initialization": "torch_default", "learning_rate": 0.1, **changes},
    }
    return [
        Trial(number=k, configuration=k, seed=k, hyperparameters=dict(values)) for k in range(n)
    ]


def plain_losses(trial: Trial, task: Task, module: type[nn.Module]) -> list[float]:
    """The person's own loop, on the same batches."""
    assert task.feed is not None
    torch.manual_seed(module_seed(trial.seed))
    network = module().double()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    order = BatchOrder(
        [trial.seed], examples=EXAMPLES, batch_size=BATCH, device=torch.device("cpu")
    )
    losses = []
    for step in range(STEPS):
        inputs, targets = task.feed.batch(order.batch(step)[0], torch.float64)
        outputs = network(**inputs) if isinstance(inputs, dict) else network(*inputs)
        loss = outputs["loss"] if module is Masked else info_nce(outputs, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("case", ["pairs", "words"])
def test_a_loss_of_the_whole_batch_trains_as_in_a_plain_loop(case: str) -> None:
    task, module = CASES[case]
    some = trials(3)
    together = train_cohort(some, task=task, network=factory(module), steps=STEPS)
    assert task.whole_batches
    for index in (0, 2):
        expected = plain_losses(some[index], task, module)
        np.testing.assert_allclose(together.loss[index], expected, rtol=1e-9)
    # What one batch has as its loss says nothing of how its examples differ.
    assert np.isnan(together.loss_deviation).all()


@pytest.mark.parametrize("case", ["pairs", "words"])
def test_vectorized_and_looped_are_the_same(case: str) -> None:
    task, module = CASES[case]
    records: list[CohortRecord] = [
        train_cohort(
            trials(3), task=task, network=factory(module), steps=STEPS, execution=execution
        )
        for execution in ("vectorized", "looped")
    ]
    for name in ("loss", "metric", "grad_norm", "update_ratio"):
        one, other = (getattr(record, name) for record in records)
        np.testing.assert_allclose(one, other, rtol=1e-8)
    assert [layer.name for layer in records[0].layers][0] in ("left", "embedding")


@pytest.mark.parametrize("way", ["vectorized", "looped"])
def test_a_loss_may_ask_the_network_at_other_places(way: str) -> None:
    """The module it was given took numbers of examples, and refused inputs."""
    task, (trial, *_) = slopes(), (some := trials(2))
    record = train_cohort(some, task=task, network=factory(Curve), steps=STEPS, execution=way)
    assert task.feed is not None
    torch.manual_seed(module_seed(trial.seed))
    network = Curve().double()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    order = BatchOrder(
        [trial.seed], examples=EXAMPLES, batch_size=BATCH, device=torch.device("cpu")
    )
    expected = []
    for step in range(STEPS):
        inputs, targets = task.feed.batch(order.batch(step)[0], torch.float64)
        loss = slope_loss(network(inputs), targets, network).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    np.testing.assert_allclose(record.loss[0], expected, rtol=1e-8)


def test_dropout_drops_in_training_and_not_in_measuring() -> None:
    task, module = CASES["codes"]
    (trial,) = trials(1, learning_rate=1e-300)  # It stays where it starts.
    record = train_cohort([trial], task=task, network=factory(module), steps=STEPS)
    torch.manual_seed(module_seed(trial.seed))
    network = Coder().double().eval()
    inputs = numbers(EXAMPLES, 6)
    exact = code_loss(network(inputs), inputs, network).mean().item()
    assert record.loss_before[0] == pytest.approx(exact, rel=1e-12)
    assert record.loss_after[0] == pytest.approx(exact, rel=1e-12)
    assert (np.abs(record.loss[0] / exact - 1) > 1e-3).all()


def test_what_is_held_out_is_measured_and_not_trained_on() -> None:
    task = pairs(validation=0.25)
    assert task.validation is not None
    held_out = task.validation[0]
    assert not set(held_out.tolist()) & set(task.inputs.tolist())
    assert (len(held_out), task.examples) == (24, 72)
    (trial,) = trials(1, learning_rate=1e-300)
    record = train_cohort([trial], task=task, network=factory(Pair), steps=2)
    torch.manual_seed(module_seed(trial.seed))
    first, second = numbers(EXAMPLES, 6)[held_out], numbers(EXAMPLES, 5, seed=1)[held_out]
    # A contrastive loss is of a batch as in training.
    exact = info_nce(Pair().double()(first[:BATCH], second[:BATCH]), ()).item()
    assert record.loss_validation[0] == pytest.approx(exact, rel=1e-12)
    assert record.metric_validation[0] == pytest.approx(1 - exact / math.log(BATCH), rel=1e-9)


@pytest.mark.parametrize(
    ("data", "options", "rule"),
    [
        (((numbers(5, 2), numbers(4, 2)), ()), {}, "5 of inputs.0., 4 of inputs.1.; pad"),
        ((numbers(5, 2), ["a"] * 5), {}, "targets.0. is str"),
        ((numbers(5, 2) / 0, ()), {}, "inputs of task own must be finite"),
        ((numbers(5, 2), ()), {"loss_chance": None}, "must say loss_chance"),
        ((numbers(5, 2), ()), {"validation": 0.99}, "leave examples to train on"),
        ((1, 2, 3), {}, "several inputs are a tuple of their own"),
    ],
)
def test_data_that_cannot_be_batched_is_refused(
    data: Any, options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(DataError, match=rule):
        batch_task("own", data, **{"loss": info_nce, "loss_chance": 1.0, **options})


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        (None, "it has no loss of its own"),
        (lambda outputs, targets: outputs[0], r"has shape \(2, 4\)"),
        (lambda outputs, targets: 1.0, "must be a floating-point tensor"),
        (lambda outputs, targets: outputs["x"], "cannot be computed of what the network returns"),
    ],
)
def test_a_loss_that_is_none_is_refused(loss: Any, rule: str) -> None:
    task = batch_task("own", ((numbers(8, 6), numbers(8, 5)), ()), loss=loss, loss_chance=1.0)
    with pytest.raises(NetworkError, match=rule):
        train_cohort(trials(1, batch_size=4), task=task, network=factory(Pair), steps=1)

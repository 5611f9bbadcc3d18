"""Losses of a sample of the data, where a batch is too small to tell them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study.engine import NETWORKS, CohortRecord, NetworkFactory, Task, train_cohort
from study.engine.observing.data_sample import sample
from study.losses import DIVERGENCE_FACTOR, LAST_EXAMPLES
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.execution import modules
from tests.study.engine.reference import initial_network

STEPS = 60
SMALL = {"depth": 2, "width": 5, "initialization": "xavier_normal"}


def train(
    batch_size: int,
    task: Task,
    network: NetworkFactory = NETWORKS["mlp"],
    steps: int = STEPS,
    **options: object,
) -> CohortRecord:
    trials = [make_trial(number, **SMALL, batch_size=batch_size) for number in range(3)]
    return train_cohort(trials, task=task, network=network, steps=steps, **options)  # type: ignore[arg-type]


def test_the_loss_before_the_first_update_is_that_of_enough_examples(digits: Task) -> None:
    record = train(2, digits)
    chosen = sample(digits.examples, LAST_EXAMPLES)
    assert len(chosen.unique()) == LAST_EXAMPLES
    for position, trial in enumerate(record.trials):
        network = initial_network(trial, digits, torch.float64)
        losses = functional.cross_entropy(
            network(digits.inputs[chosen].double()), digits.targets[chosen], reduction="none"
        )
        assert record.loss_before[position] == pytest.approx(losses.mean().item(), rel=1e-9)
        share_left_out = 1 - LAST_EXAMPLES / digits.examples
        error = losses.std().item() * np.sqrt(share_left_out / LAST_EXAMPLES)
        assert record.loss_before_error[position] == pytest.approx(error, rel=1e-9)


def test_the_metric_after_the_last_update_is_that_of_the_network_as_it_ended(
    digits: Task,
) -> None:
    record = train(4, digits)
    assert np.isfinite(record.metric_after).all()
    seen: list[Tensor] = []

    def watched(outputs: Tensor, labels: Tensor) -> Tensor:
        seen.append(digits.metric(outputs, labels))
        return seen[-1]

    again = train(4, dataclasses.replace(digits, metric=watched))
    last = torch.cat([values for values in seen if len(values) > 3 * 4]).view(3, LAST_EXAMPLES)
    np.testing.assert_allclose(again.metric_after, last.double().mean(dim=1), rtol=1e-9)
    np.testing.assert_array_equal(again.metric_after, record.metric_after)


@pytest.mark.parametrize(
    ("batch_size", "before", "after"), [(4, True, True), (64, True, False), (256, False, False)]
)
def test_only_what_batches_do_not_tell_is_measured(
    digits: Task, batch_size: int, before: bool, after: bool
) -> None:
    record = train(batch_size, digits)
    assert np.isfinite(record.loss_before).all() == before
    assert np.isfinite(record.loss_after).all() == np.isfinite(record.metric_after).all() == after


@pytest.mark.parametrize(
    ("network", "execution"),
    [
        (NETWORKS["mlp"], "chain"),
        (NETWORKS["mlp"], "vectorized"),
        (NETWORKS["cnn"], "in_parts"),
        (NETWORKS["cnn"], "looped"),
        (modules.dropped, "looped"),
        (modules.counting, "looped"),
    ],
)
def test_a_trial_is_measured_as_if_alone_and_random_state_stays(
    digits: Task, network: NetworkFactory, execution: str
) -> None:
    images = dataclasses.replace(digits, inputs=digits.inputs.reshape(-1, 1, 8, 8))
    before = torch.get_rng_state()
    record = train(8, images, network, steps=6, execution=execution)
    assert torch.equal(torch.get_rng_state(), before)
    for position, trial in enumerate(record.trials):
        alone = train_cohort([trial], task=images, network=network, steps=6)
        for name in ("loss_before", "loss_before_error", "loss_after", "metric_after"):
            expected = getattr(alone, name)[0]
            assert getattr(record, name)[position] == pytest.approx(expected, rel=1e-5), name


def test_the_spread_over_a_batch_is_kept_where_training_ends(digits: Task) -> None:
    seen: list[Tensor] = []

    def watched(outputs: Tensor, labels: Tensor) -> Tensor:
        seen.append(digits.loss(outputs, labels))
        return seen[-1]

    record = train(64, dataclasses.replace(digits, loss=watched), execution="vectorized")
    kept = np.isfinite(record.loss_deviation)
    assert (kept == (np.arange(STEPS) >= STEPS - 20)).all()
    assert (np.isfinite(record.metric_deviation) == kept).all()
    last_KxB = [values for values in seen if len(values) == 3 * 64][-1].view(3, 64)
    np.testing.assert_allclose(
        record.loss_deviation[:, -1], last_KxB.std(dim=1).detach(), rtol=1e-9
    )


def test_an_easy_first_example_does_not_end_training() -> None:
    # Seen: batches of one whose first example had a loss of 1e-6. The bound of a million times
    # the first loss ended training after two steps, and the trial was called exploding.
    examples = 300
    inputs = torch.ones(examples, 1)
    seed = 0
    trial = Trial(
        number=0,
        configuration=0,
        seed=seed,
        hyperparameters={
            "learning_rate": 1e-3,
            "batch_size": 1,
            "initialization": "mean_field",
            "weight_std": 1e-9,
        },
    )
    order = torch.randperm(examples, generator=_data_generator(seed))
    targets = torch.full((examples, 1), 3.0)
    targets[order[0]] = 1e-6
    task = Task(
        name="easy first",
        inputs=inputs,
        targets=targets,
        outputs=1,
        loss=lambda outputs, targets: (outputs - targets).square().flatten(1).sum(dim=1),
        metric=lambda outputs, targets: (outputs - targets).square().flatten(1).sum(dim=1),
        metric_name="error",
        chance=9.0,
        ceiling=0.0,
        target=1.0,
        loss_chance=9.0,
    )
    record = train_cohort([trial], task=task, network=NETWORKS["linear"], steps=50)
    assert record.loss[0, 1] > DIVERGENCE_FACTOR * record.loss[0, 0]
    assert record.steps_run.tolist() == [50]


def _data_generator(seed: int) -> torch.Generator:
    from study.engine.seeds import data_generator

    return data_generator(seed)

"""Tiers of statistics: what each measures, and that measuring changes nothing."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd.functional import hessian
from torch.func import functional_call
from torch.nn import functional

from study.engine import NETWORKS, CohortRecord, NetworkFactory, Task, train_cohort
from study.engine.cohort.batches import BatchOrder
from study.engine.observing.recorded_steps import recorded_steps, sparse_steps
from study.engine.observing.tiers import STATISTICS
from study.engine.quantities.sharpness import EXAMPLES
from study.engine.seeds import sharpness_generator
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.execution import modules
from tests.study.engine.reference import initial_network
from tests.support.repository import DOCS

STEPS = 9
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]
WAYS: list[tuple[NetworkFactory, str]] = [
    (NETWORKS["mlp"], "fused"),
    (NETWORKS["mlp"], "chain"),
    (NETWORKS["mlp"], "vectorized"),
    (NETWORKS["mlp"], "looped"),
    (modules.tied, "vectorized"),
    (modules.normalized, "vectorized"),
    (modules.torch_lstm, "looped"),
    (modules.dropped, "looped"),
    (modules.counting, "looped"),
]
"""Networks that draw, keep buffers or cannot be vectorized among them."""


@pytest.fixture(scope="module")
def images(digits: Task) -> Task:
    return dataclasses.replace(digits, inputs=digits.inputs.reshape(-1, 1, 8, 8))


def train(
    some: list[Trial],
    task: Task,
    network: NetworkFactory = NETWORKS["mlp"],
    **options: object,
) -> CohortRecord:
    steps = options.pop("steps", STEPS)
    return train_cohort(some, task=task, network=network, steps=steps, **options)  # type: ignore[arg-type]


def small(number: int, **overrides: object) -> Trial:
    return make_trial(number, depth=2, width=5, initialization="xavier_normal", **overrides)


def random_states() -> list[object]:
    states: list[object] = [random.getstate(), np.random.get_state()[1].tolist()]  # type: ignore[index]
    states.append(torch.get_rng_state().tolist())
    if torch.cuda.is_available():
        states += [state.tolist() for state in torch.cuda.get_rng_state_all()]
    return states


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("statistics", STATISTICS)
@pytest.mark.parametrize(("network", "execution"), WAYS)
def test_measuring_changes_neither_the_training_nor_random_state(
    images: Task, network: NetworkFactory, execution: str, statistics: str, device: str
) -> None:
    trials = [make_trial(number) for number in range(3)]
    options = {"execution": execution, "device": device}
    plain = train(trials, images, network, statistics="minimal", **options)
    before = random_states()
    watched = train(trials, images, network, statistics=statistics, **options)
    assert random_states() == before
    for name in ("loss", "metric", "grad_norm", "clip_factor", "update_ratio", "steps_run"):
        np.testing.assert_array_equal(getattr(watched, name), getattr(plain, name), err_msg=name)


def test_minimal_measures_no_layer_and_no_surface(digits: Task) -> None:
    record = train([small(0)], digits, statistics="minimal")
    assert record.by_layer == {}
    assert np.isfinite(record.update_ratio).all()
    assert np.isnan(record.noise_scale).all() and np.isnan(record.sharpness).all()


def test_standard_measures_layers_at_every_recorded_step(digits: Task) -> None:
    record = train([small(0)], digits)
    assert np.isfinite(record.by_layer["delta_rms"]).all()
    assert np.isnan(record.noise_scale).all() and np.isnan(record.sharpness).all()


def test_full_measures_noise_at_every_recorded_step_and_sharpness_at_few(digits: Task) -> None:
    record = train([small(0), small(1)], digits, statistics="full")
    assert np.isfinite(record.by_layer["delta_rms"]).all()
    assert np.isfinite(record.noise_scale).all()
    measured = np.isfinite(record.sharpness)
    assert (measured == np.isin(record.recorded, sparse_steps(STEPS))).all()
    assert (record.sharpness[:, 0] > 0).all()


@pytest.mark.parametrize(
    ("network", "execution"), [(NETWORKS["mlp"], "fused"), (modules.dropped, "looped")]
)
def test_sharpness_on_a_schedule_of_ones_own(
    images: Task, network: NetworkFactory, execution: str
) -> None:
    trials = [small(number, lr_decay="constant") for number in range(2)]
    plain = train(trials, images, network, execution=execution, statistics="minimal")
    own = {"execution": execution, "sharpness_steps": (4, 5, 7)}
    record = train(trials, images, network, statistics="minimal", **own)
    assert record.recorded.tolist() == [0, 1, 2, 3, 4, 5, 7, 8]
    assert np.isfinite(record.sharpness[0]).tolist() == [
        step in (4, 5, 7) for step in record.recorded
    ]
    # No number of the training changes, and what is measured at recorded steps is at no other.
    np.testing.assert_array_equal(record.loss, plain.loss)
    recorded = np.isin(record.recorded, plain.recorded)
    np.testing.assert_array_equal(record.update_ratio[:, recorded], plain.update_ratio)
    assert np.isnan(record.update_ratio[:, ~recorded]).all()
    # Trainings that end there measure it at their last step, which is recorded.
    for step in (4, 7):
        ending = train(
            trials, images, network, execution=execution, statistics="full", steps=step + 1
        )
        at = record.recorded.tolist().index(step)
        np.testing.assert_allclose(record.sharpness[:, at], ending.sharpness[:, -1], rtol=1e-5)


def test_unknown_statistics_are_refused_with_the_choices(digits: Task) -> None:
    with pytest.raises(ValueError, match="'ful'; known: minimal, standard, full"):
        train([small(0)], digits, statistics="ful")


def test_the_page_on_statistics_has_every_tier() -> None:
    page = (DOCS / "statistics.md").read_text(encoding="utf-8")
    for name in STATISTICS:
        assert f"| `{name}`" in page


def test_steps_of_sharpness_are_recorded_and_have_both_ends() -> None:
    # Steps 1 and 2: where steps are too large sharpness peaks there, which was missed.
    assert sparse_steps(200) == (0, 1, 2, 3, 13, 55, 199)
    assert sparse_steps(1) == (0,)
    for steps in range(1, 300):
        sparse = sparse_steps(steps)
        assert set(sparse) <= set(recorded_steps(steps))
        assert (sparse[0], sparse[-1]) == (0, steps - 1)
        assert list(sparse) == sorted(set(sparse))


def test_at_step_0_both_equal_plain_autograd(digits: Task) -> None:
    trials = [small(number) for number in range(3)]
    record = train(trials, digits, statistics="full")
    for position, trial in enumerate(trials):
        network = initial_network(trial, digits, torch.float64)
        shapes = {name: value.shape for name, value in network.named_parameters()}
        start = torch.cat([value.detach().flatten() for value in network.parameters()])

        def loss(flat: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
            pieces = flat.split([shape.numel() for shape in shapes.values()])  # noqa: B023
            values = {
                name: piece.view(shape)
                for (name, shape), piece in zip(shapes.items(), pieces, strict=True)  # noqa: B023
            }
            return functional.cross_entropy(functional_call(network, values, (inputs,)), labels)  # noqa: B023

        inputs, labels = digits.inputs.double(), digits.targets
        first = inputs[:EXAMPLES], labels[:EXAMPLES]
        curvature = hessian(lambda flat: loss(flat, *first), start, vectorize=True)  # noqa: B023
        expected = torch.linalg.eigvalsh(curvature)[-1].item()
        assert record.sharpness[position, 0] == pytest.approx(expected, rel=1e-3)

        batch = BatchOrder(
            [trial.seed], examples=digits.examples, batch_size=32, device=torch.device("cpu")
        ).batch(0)[0]
        leaf = start.clone().requires_grad_()
        halves = [
            torch.autograd.grad(loss(leaf, inputs[part], labels[part]), leaf)[0]
            for part in (batch[:16], batch[16:])
        ]
        trace = 32 * (halves[0] - halves[1]).square().sum() / 4
        scale = trace / (halves[0] * halves[1]).sum()
        assert record.noise_scale[position, 0] == pytest.approx(scale.item(), rel=1e-8)


@pytest.mark.parametrize("execution", ["vectorized", "looped"])
def test_every_execution_measures_the_same(digits: Task, execution: str) -> None:
    trials = [small(number) for number in range(3)]
    chain = train(trials, digits, statistics="full", execution="chain")
    other = train(trials, digits, statistics="full", execution=execution)
    np.testing.assert_allclose(other.noise_scale, chain.noise_scale, rtol=1e-6)
    np.testing.assert_allclose(other.sharpness, chain.sharpness, rtol=1e-6)


@pytest.mark.parametrize("network", [modules.dropped, modules.counting, modules.random_features])
def test_trials_with_their_own_noise_and_buffers_are_as_alone(
    images: Task, network: NetworkFactory
) -> None:
    trials = [make_trial(number) for number in range(3)]
    together = train(trials, images, network, statistics="full")
    for position in (0, 2):
        alone = train([trials[position]], images, network, statistics="full")
        np.testing.assert_allclose(together.noise_scale[position], alone.noise_scale[0], rtol=1e-6)
        np.testing.assert_allclose(together.sharpness[position], alone.sharpness[0], rtol=1e-6)


def test_trials_that_are_lost_leave_the_others_their_figures(digits: Task) -> None:
    common = {"clip_norm": "none", "momentum": 0.0}
    lost = small(1, **common, learning_rate=1e200)
    trials = [small(0, **common), lost, small(2, **common)]
    record = train(trials, digits, statistics="full")
    assert record.steps_run[1] < STEPS and np.isnan(record.sharpness[1, -1])
    for position in (0, 2):
        alone = train([trials[position]], digits, statistics="full")
        np.testing.assert_allclose(record.sharpness[position], alone.sharpness[0], rtol=1e-6)
        np.testing.assert_allclose(record.noise_scale[position], alone.noise_scale[0], rtol=1e-6)


def test_the_search_starts_from_the_trials_own_stream() -> None:
    one, again, other = (torch.randn(8, generator=sharpness_generator(seed)) for seed in (4, 4, 5))
    assert torch.equal(one, again) and not torch.equal(one, other)

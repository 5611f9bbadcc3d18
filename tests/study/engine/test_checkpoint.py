"""A training that was cut off goes on, bit for bit, as if it had not been."""

from __future__ import annotations

import dataclasses
import importlib.util
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from study.engine import NETWORKS, Checkpoints, CohortRecord, NetworkFactory, Task, train_cohort
from study.engine.checkpoint import CheckpointFile, State, source_of
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.execution import modules

STEPS = 60


class CutOff(Exception):
    """Stands for a machine that is lost."""


def cut_off_after(task: Task, calls: int) -> Task:
    """The task, with a metric that fails when it is called for the last time."""
    left = [calls]

    def metric(outputs: Tensor, targets: Tensor) -> Tensor:
        left[0] -= 1
        if left[0] < 0:
            raise CutOff
        return task.metric(outputs, targets)

    return dataclasses.replace(task, metric=metric)


def assert_identical(one: CohortRecord, other: CohortRecord) -> None:
    for field in dataclasses.fields(CohortRecord):
        if field.name in ("seconds", "layers", "trials"):
            continue
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name == "by_layer":
            assert left.keys() == right.keys()
            for name in left:
                np.testing.assert_array_equal(left[name], right[name])
        else:
            np.testing.assert_array_equal(left, right)


def some_trials(**overrides: object) -> list[Trial]:
    """Six trials, one of which is lost early."""
    common: dict[str, object] = {"initialization": "he_normal", "activation": "relu", **overrides}
    lost = {"learning_rate": 1e9, "clip_norm": "none"}
    return [*(make_trial(n, **common) for n in range(5)), make_trial(5, **{**common, **lost})]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "execution", "dtype"),
    [
        (NETWORKS["mlp"], "fused", "float32"),
        (NETWORKS["mlp"], "chain", "float32"),
        (NETWORKS["mlp"], "vectorized", "float32"),
        (NETWORKS["mlp"], "looped", "float64"),
        (modules.dropped, "looped", "float32"),
        (modules.counting, "looped", "float32"),
    ],
)
def test_goes_on_bit_for_bit(
    digits: Task,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    network: NetworkFactory,
    execution: str,
    dtype: str,
) -> None:
    trials = some_trials(dtype=dtype)

    def train(checkpoints: Checkpoints | None) -> CohortRecord:
        return train_cohort(
            trials,
            task=digits,
            network=network,
            steps=STEPS,
            execution=execution,
            checkpoints=checkpoints,
        )

    undisturbed = train(None)
    assert undisturbed.steps_run[5] < STEPS
    every_step = Checkpoints(folder=tmp_path, every_s=0.0)
    save = CheckpointFile.save

    def save_and_be_lost(file: CheckpointFile, state: State) -> None:
        save(file, state)
        if state["step"] >= 31:
            raise CutOff

    # A metric that fails would do, but compiled code knows only the task's own.
    with monkeypatch.context() as lost, pytest.raises(CutOff):
        lost.setattr(CheckpointFile, "save", save_and_be_lost)
        train(every_step)
    (file,) = tmp_path.iterdir()
    left = torch.load(file, weights_only=True)
    assert 31 <= left["step"] < STEPS
    assert left["execution"] == execution
    resumed = train(every_step)
    assert_identical(resumed, undisturbed)
    assert list(tmp_path.iterdir()) == []


def test_goes_on_from_where_it_was(digits: Task, tmp_path: Path) -> None:
    trials = some_trials()
    steps_taken: list[int] = []

    def counted(outputs: Tensor, targets: Tensor) -> Tensor:
        steps_taken.append(1)
        return digits.metric(outputs, targets)

    every_step = Checkpoints(folder=tmp_path, every_s=0.0)
    options = {"network": NETWORKS["mlp"], "steps": STEPS, "checkpoints": every_step}
    with pytest.raises(CutOff):
        train_cohort(trials, task=cut_off_after(digits, 40), **options)  # type: ignore[arg-type]
    task = dataclasses.replace(digits, metric=counted)
    train_cohort(trials, task=task, **options)  # type: ignore[arg-type]
    assert len(steps_taken) == STEPS - 40


def test_a_short_training_makes_none(digits: Task, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    train_cohort(
        some_trials(),
        task=digits,
        network=NETWORKS["mlp"],
        steps=5,
        checkpoints=Checkpoints(folder=folder, every_s=60.0),
    )
    assert not folder.exists()


def test_other_trials_do_not_find_it(digits: Task, tmp_path: Path) -> None:
    every_step = Checkpoints(folder=tmp_path, every_s=0.0)
    options = {"network": NETWORKS["mlp"], "steps": STEPS, "checkpoints": every_step}
    with pytest.raises(CutOff):
        train_cohort(some_trials(), task=cut_off_after(digits, 9), **options)  # type: ignore[arg-type]
    others = some_trials(init_gain=0.9)
    record = train_cohort(others, task=digits, **options)  # type: ignore[arg-type]
    fresh = train_cohort(others, task=digits, network=NETWORKS["mlp"], steps=STEPS)
    assert_identical(record, fresh)


def test_another_bound_on_the_loss_does_not_find_it(digits: Task, tmp_path: Path) -> None:
    every_step = Checkpoints(folder=tmp_path, every_s=0.0)
    options = {"network": NETWORKS["mlp"], "steps": STEPS, "checkpoints": every_step}
    bounded = {"divergence_factor": 1.5}
    with pytest.raises(CutOff):
        train_cohort(some_trials(), task=cut_off_after(digits, 9), **options)  # type: ignore[arg-type]
    record = train_cohort(some_trials(), task=digits, **options, **bounded)  # type: ignore[arg-type]
    fresh = train_cohort(
        some_trials(), task=digits, network=NETWORKS["mlp"], steps=STEPS, **bounded
    )
    assert_identical(record, fresh)


def test_a_checkpoint_from_before_the_bound_was_a_setting_is_found(
    digits: Task, tmp_path: Path
) -> None:
    every_step = Checkpoints(folder=tmp_path, every_s=0.0)
    options = {"network": NETWORKS["mlp"], "steps": STEPS, "checkpoints": every_step}
    with pytest.raises(CutOff):
        train_cohort(some_trials(), task=cut_off_after(digits, 9), **options)  # type: ignore[arg-type]
    code = source_of(NETWORKS["mlp"]), source_of(digits.loss)
    settings = (digits.name, STEPS, "standard", torch.device("cpu"), *code)
    file = CheckpointFile(every_step, some_trials(), settings)
    assert file.load(torch.device("cpu")) is not None


def test_a_checkpoint_of_an_execution_that_is_gone_goes_on(digits: Task, tmp_path: Path) -> None:
    """Earlier versions trained convolutions as `columns` on GPUs and kept that name."""
    trials = some_trials(depth=2, width=4)
    every_step = Checkpoints(folder=tmp_path, every_s=0.0)

    def train(task: Task, execution: str, checkpoints: Checkpoints | None) -> CohortRecord:
        return train_cohort(
            trials,
            task=task,
            network=NETWORKS["cnn"],
            steps=8,
            execution=execution,
            checkpoints=checkpoints,
        )

    with pytest.raises(CutOff):
        train(cut_off_after(digits, 5), "vectorized", every_step)
    (file,) = tmp_path.iterdir()
    state = torch.load(file, weights_only=True)
    assert 0 < state["step"] < 8
    torch.save({**state, "execution": "columns"}, file)
    assert_identical(train(digits, "auto", every_step), train(digits, "vectorized", None))


OWN = """
from torch import nn

def own(hyperparameters, task):
    return nn.Sequential(nn.Flatten(), nn.Linear(task.features, WIDTH), nn.Tanh(),
                         nn.Linear(WIDTH, task.outputs))
"""


def own_network(path: Path, width: int) -> NetworkFactory:
    """A person's module as it is after this edit."""
    path.write_text(OWN.replace("WIDTH", str(width)))
    spec = importlib.util.spec_from_file_location("own_network", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["own_network"] = module
    spec.loader.exec_module(module)
    factory: NetworkFactory = module.own
    return factory


def test_a_fixed_network_begins_again(
    digits: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "own_network", sys)  # Restored afterwards.
    every_step = Checkpoints(folder=tmp_path / "checkpoints", every_s=0.0)
    options = {"steps": STEPS, "checkpoints": every_step}
    broken = own_network(tmp_path / "own_network.py", width=8)
    with pytest.raises(CutOff):
        train_cohort(some_trials(), task=cut_off_after(digits, 9), network=broken, **options)  # type: ignore[arg-type]
    fixed = own_network(tmp_path / "own_network.py", width=12)
    record = train_cohort(some_trials(), task=digits, network=fixed, **options)  # type: ignore[arg-type]
    fresh = train_cohort(some_trials(), task=digits, network=fixed, steps=STEPS)
    assert_identical(record, fresh)


def test_code_in_a_checkpoint_is_not_run(digits: Task, tmp_path: Path) -> None:
    """A checkpoint folder may be one where others can write."""

    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    every_step = Checkpoints(folder=tmp_path, every_s=0.0)
    options = {"network": NETWORKS["mlp"], "steps": STEPS, "checkpoints": every_step}
    with pytest.raises(CutOff):
        train_cohort(some_trials(), task=cut_off_after(digits, 9), **options)  # type: ignore[arg-type]
    (file,) = tmp_path.iterdir()
    torch.save({"step": Harmful()}, file)
    with pytest.raises(pickle.UnpicklingError, match="[Ww]eights"):
        train_cohort(some_trials(), task=digits, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "ran").exists()

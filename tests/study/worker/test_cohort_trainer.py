"""What a worker does with a cohort."""

from __future__ import annotations

import socket
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor

from search_spaces.errors import InputError
from study.preflight.configuration import preflight
from study.run.trainer import study_trainer
from study.stopping import goes_on
from study.study_file import StudyConfig
from study.trial import Cohort, Trial


def config(**overrides: object) -> StudyConfig:
    values: dict[str, object] = {
        "study": "s",
        "task": "digits",
        "network": "mlp",
        "hyperparameters": {"depth": 2, "width": 8, "learning_rate": 0.1, "batch_size": 26},
        "steps": 40,
        "trials": 2,
        "resources": {"checkpoint_minutes": 1e-9},
    }
    return StudyConfig(**{**values, **overrides})


def cohort(checked_config: StudyConfig) -> Cohort:
    values = checked_config.space.complete({})
    trials = tuple(
        Trial(number=n, configuration=n, seed=n, hyperparameters=values) for n in range(2)
    )
    return Cohort(number=0, trials=trials)


def test_a_lost_cohort_goes_on_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt at the same cohort, on the same machine, trains what was left."""
    checked = preflight(config())
    folder = tmp_path / "checkpoints"
    trainer = study_trainer(checked, checkpoints=folder)
    task = trainer.tasks.task({})
    taken: list[int] = []
    metric = task.metric

    def counted(outputs: Tensor, targets: Tensor) -> Tensor:
        taken.append(1)
        return metric(outputs, targets)

    def lost(outputs: Tensor, targets: Tensor) -> Tensor:
        taken.append(1)
        if len(taken) == 25:
            raise ConnectionError("the worker is gone")
        return metric(outputs, targets)

    # Compiled code knows neither metric: both trainings run in the same way, to the last bit.
    object.__setattr__(task, "metric", counted)
    expected = trainer.train(cohort(checked.config))
    assert len(taken) == 40
    taken.clear()
    object.__setattr__(task, "metric", lost)
    with pytest.raises(ConnectionError):
        trainer.train(cohort(checked.config))
    (file,) = folder.iterdir()
    assert torch.load(file, weights_only=True)["step"] == 24
    tables = trainer.train(cohort(checked.config))
    assert len(taken) == 25 + 40 - 24
    assert list(folder.iterdir()) == []
    assert tables.steps.equals(expected.steps)
    assert tables.layers.equals(expected.layers)


def test_a_checkpoint_that_cannot_be_written_stops_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checked = preflight(config())
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    trainer = study_trainer(checked, checkpoints=tmp_path / "checkpoints")
    assert trainer.train(cohort(checked.config)).trials.num_rows == 2
    assert "no checkpoint could be written: [Errno 17]" in caplog.text


no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")


@no_cuda
def test_a_worker_with_a_gpu_but_without_cuda_says_so_at_once_and_names_its_node() -> None:
    checked = preflight(config(resources={"gpus_per_worker": 0.25}))
    with pytest.raises(InputError) as caught:
        study_trainer(checked).train(cohort(checked.config))
    message = str(caught.value)
    assert message.startswith(
        f"resources.device: a worker must train on its GPU, but node {socket.gethostname()} has "
        f"no CUDA: torch {torch.__version__} "
    )
    assert message.endswith("or choose `device: cpu` to train on the CPU all the same")


@no_cuda
def test_a_worker_with_a_gpu_trains_on_the_cpu_where_that_is_asked_for() -> None:
    checked = preflight(config(resources={"gpus_per_worker": 0.25, "device": "cpu"}))
    plain = preflight(config())
    there = study_trainer(checked).train(cohort(checked.config)).trials
    here = study_trainer(plain).train(cohort(plain.config)).trials
    assert there.column("loss_final").to_pylist() == here.column("loss_final").to_pylist()
    assert checked.notices == [
        "each worker holds 0.25 GPUs and trains on the CPU all the same, as `device: cpu` asks"
    ]


def test_a_trial_ends_once_its_verdict_is_certain_unless_the_rule_is_not_trusted() -> None:
    values = {
        "depth": 12,
        "width": 16,
        "activation": "sigmoid",
        "initialization": "xavier_normal",
        "learning_rate": [0.001, 0.002],
    }
    checked = preflight(config(steps=120, stop="decided", hyperparameters=values))
    trainer = study_trainer(checked)
    space = checked.config.space
    few = [
        Trial(
            number=n,
            configuration=n,
            seed=n,
            hyperparameters=space.complete({"learning_rate": 0.001}),
        )
        for n in range(12)
    ]
    kept = {n for n in range(12) if goes_on(n, n)}
    table = trainer.train(Cohort(number=0, trials=tuple(few))).trials.to_pandas()
    assert table["verdict"].eq("vanishing").all() and table["decided_step"].eq(54 + 1).sum() > 9
    for row in table.itertuples():
        assert row.steps_run == (120 if row.trial in kept else row.decided_step + 1)
    whole = trainer.train(Cohort(number=0, trials=tuple(few), may_stop=False)).trials.to_pandas()
    assert whole["verdict"].tolist() == table["verdict"].tolist()
    assert whole["steps_run"].eq(120).all() and whole["decided_step"].isna().all()


def test_without_hidden_layers_nothing_is_certain() -> None:
    # There was an index error: no layer has a gradient to look at.
    values = {"learning_rate": 1e-6, "initialization": "mean_field", "batch_size": 3}
    study = config(
        task="quadratic",
        task_options={"eigenvalues": [1.0, 3.0, 10.0]},
        network="linear",
        stop="decided",
        hyperparameters=values,
    )
    table = study_trainer(preflight(study)).train(cohort(study)).trials
    assert table.column("steps_run").to_pylist() == [40, 40]
    assert table.column("decided_step").null_count == 2


def test_a_network_of_several_trains_as_it_does_alone() -> None:
    recurrent = {"task": "adding", "steps": 4, "resources": {}}
    given = {"sequence_length": 6, "width": 8, "learning_rate": 0.1}
    several = preflight(config(network=["rnn", "lstm"], hyperparameters=given, **recurrent))
    predicted = []
    for name in ("rnn", "lstm"):
        alone = preflight(config(network=name, hyperparameters=given, **recurrent))
        values = alone.config.space.complete({})
        tables = []
        for checked, own in ((alone, {}), (several, {"network": name})):
            trial = Trial(number=0, configuration=0, seed=3, hyperparameters={**own, **values})
            made = study_trainer(checked).train(Cohort(number=0, trials=(trial,)))
            tables.append(made.trials.to_pandas().drop(columns="train_seconds"))
        both = tables[1][tables[0].columns]
        pd.testing.assert_frame_equal(tables[0], both, check_dtype=False, rtol=1e-5)
        predicted.append(tables[1]["predicted_ratio"].notna().item())
    # Theory knows the rnn, and nothing of gates.
    assert predicted == [True, False]

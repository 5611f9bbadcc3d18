"""A good study file, and the same from Python."""

from __future__ import annotations

import pickle

import pytest
from optuna.distributions import CategoricalDistribution
from pydantic import ValidationError

from search_spaces import InputError
from study.study_file import StudyConfig, load_study_file

TEXT = """\
study: digits-mlp
task: digits
network: mlp
hyperparameters:
  depth: [2, 4, 8]
  learning_rate: {low: 1e-4, high: 10.0, log: true}
  clip_norm: [none, 0.1]
  width: 64
steps: 200
trials: 512
tracking_uri:
storage:
"""
GRID = TEXT.replace("trials: 512\n", "sampler: grid\n").replace(
    "{low: 1e-4, high: 10.0, log: true}", "[0.1, 1]"
)


def test_file_is_read(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(TEXT)
    config = load_study_file(path)
    assert (config.study, config.task, config.network) == ("digits-mlp", "digits", "mlp")
    assert (config.steps, config.trials, config.seeds, config.seed) == (200, 512, 1, 0)
    assert config.sampler == "qmc"
    assert config.resources.workers == "auto"
    assert config.resources.cpus_per_worker == 1 and config.resources.gpus_per_worker == 0
    assert config.tracking_uri is None and config.storage is None and config.thresholds == {}
    assert config.space.axes["clip_norm"] == CategoricalDistribution(("none", 0.1))
    assert config.space is config.space
    assert config.source_text == TEXT


def test_every_key():
    config = StudyConfig.from_text(
        TEXT.replace("tracking_uri:\n", "tracking_uri: http://mlflow:5000\n").replace(
            "storage:\n", "storage: postgresql://optuna@db/optuna\n"
        )
        + "seeds: 3\nseed: 7\nsampler: tpe\n"
        + "resources:\n"
        + "  {workers: 4, cpus_per_worker: 2, gpus_per_worker: 0.25, device: cpu,\n"
        + "  custom_resources: {rack: 0.5}, labels: {zone: '!a', slot: 3}}\n"
        + "thresholds: {stalled: 0.1}\n"
    )
    assert (config.seeds, config.seed, config.sampler) == (3, 7, "tpe")
    assert config.resources.workers == 4 and config.resources.gpus_per_worker == 0.25
    assert config.resources.device == "cpu" and config.resources.training_gpus == 0
    assert config.resources.custom_resources == {"rack": 0.5}
    assert config.resources.labels == {"zone": "!a", "slot": "3"}
    assert config.tracking_uri == "http://mlflow:5000"
    assert config.storage == "postgresql://optuna@db/optuna"
    assert config.thresholds == {"stalled": 0.1}


def test_key_without_a_value_asks_for_the_default():
    config = StudyConfig.from_text(TEXT + "seed:\nresources: {workers: }\nthresholds:\n")
    assert config.seed == 0 and config.resources.workers == "auto"
    config = StudyConfig.from_text(TEXT + "stop_when: {map_change: 0.1, every: }\n")
    assert config.stop_when is not None and config.stop_when.every == 128


def test_own_task_and_network():
    text = TEXT.replace("task: digits", "task: pkg.tasks:spirals").replace(
        "network: mlp", "network: net:make"
    )
    config = StudyConfig.from_text(text)
    assert config.task == "pkg.tasks:spirals" and config.network == "net:make"


class TestGridTrials:
    def test_default_is_every_cell_times_seeds(self):
        assert StudyConfig.from_text(GRID).trials == 3 * 2 * 2
        assert StudyConfig.from_text(GRID + "seeds: 3\n").trials == 3 * 2 * 2 * 3

    def test_fewer_are_allowed_more_are_not(self):
        assert StudyConfig.from_text(GRID + "trials: 5\n").trials == 5
        with pytest.raises(InputError) as caught:
            StudyConfig.from_text(GRID + "trials: 25\nseeds: 2\n")
        assert str(caught.value) == (
            "trials: the grid has 12 configurations x 2 seeds = 24 trials, but got 25"
        )

    def test_range_without_steps(self):
        with pytest.raises(InputError, match="^hyperparameters.learning_rate: a grid needs lists"):
            StudyConfig.from_text(TEXT + "sampler: grid\n")


class TestFromPython:
    VALUES = {
        "study": "mine",
        "task": "digits",
        "network": "mlp",
        "hyperparameters": {"depth": [2, 4], "clip_norm": [None, 1.0]},
        "steps": 10,
        "trials": 4,
    }

    def test_constructor(self):
        config = StudyConfig(**self.VALUES)
        assert config.trials == 4
        assert config.space.axes["clip_norm"] == CategoricalDistribution(("none", 1.0))

    def test_source_text_is_a_study_file(self):
        config = StudyConfig(**self.VALUES)
        again = StudyConfig.from_text(config.source_text)
        assert again.model_dump() == config.model_dump()

    def test_errors_are_one_line_input_errors(self):
        with pytest.raises(InputError) as caught:
            StudyConfig(**{**self.VALUES, "trials": 0})
        assert str(caught.value) == "trials: must be an integer >= 1, but got 0"
        assert not isinstance(caught.value.__context__, ValidationError)

    def test_is_frozen(self):
        with pytest.raises(ValidationError, match="frozen"):
            StudyConfig(**self.VALUES).trials = 3

    def test_can_be_pickled(self):
        config = StudyConfig(**self.VALUES)
        config.space  # noqa: B018 - cached, and to be carried along
        again = pickle.loads(pickle.dumps(config))
        assert again.space == config.space and again.source_text == config.source_text


class TestWithTrials:
    def test_only_the_number_changes(self, tmp_path):
        path = tmp_path / "study.yaml"
        path.write_text(TEXT)
        config = load_study_file(path)
        more = config.with_trials(600)
        assert more.trials == 600 and config.trials == 512
        assert more.model_dump(exclude={"trials"}) == config.model_dump(exclude={"trials"})
        assert more.source_text == TEXT

    def test_same_rules(self, tmp_path):
        path = tmp_path / "study.yaml"
        path.write_text(GRID)
        with pytest.raises(InputError) as caught:
            load_study_file(path).with_trials(13)
        assert str(caught.value).startswith(f"{path}: trials: the grid has 12 configurations")
        with pytest.raises(InputError, match="trials: must be an integer >= 1, but got 0"):
            load_study_file(path).with_trials(0)

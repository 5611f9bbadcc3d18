"""The catalogue promises what the engine has, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from search_spaces.catalogue import CATALOGUE
from search_spaces.catalogue.built_in import RECURRENT_NETWORKS
from study.diagnosis.moves.move import IMAGE_NETWORKS
from study.engine import NETWORKS, TASKS
from study.engine.activations import ACTIVATIONS
from study.engine.initializations import (
    INITIALIZATIONS,
    OUTPUT_INITIALIZATIONS,
    RECURRENT_INITIALIZATIONS,
    RESIDUAL_INITIALIZATIONS,
    TORCH_DEFAULT,
)
from study.engine.networks.attention import QK_NORMALIZATIONS
from study.engine.networks.mlp import CONNECTIONS
from study.engine.networks.normalizations import NORMALIZATIONS
from study.engine.networks.transformer import ATTENTION_MASKS
from study.engine.networks.transformer_block import FEED_FORWARDS, NORM_POSITIONS
from study.engine.optimizers import OPTIMIZERS
from study.engine.optimizers.sgd import MOMENTUM_KINDS
from study.engine.precision import PRECISIONS
from study.engine.schedules import DEFAULT_DECAY_RATE, SCHEDULES
from study.study_file import StudyConfig
from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS


@pytest.mark.parametrize(
    ("hyperparameter", "registry"),
    [
        ("activation", set(ACTIVATIONS)),
        ("initialization", {*INITIALIZATIONS, TORCH_DEFAULT}),
        ("output_initialization", set(OUTPUT_INITIALIZATIONS)),
        ("residual_initialization", set(RESIDUAL_INITIALIZATIONS)),
        ("recurrent_initialization", {"same", *RECURRENT_INITIALIZATIONS}),
        ("normalization", set(NORMALIZATIONS)),
        ("norm_position", set(NORM_POSITIONS)),
        ("qk_normalization", set(QK_NORMALIZATIONS)),
        ("attention_mask", set(ATTENTION_MASKS)),
        ("feed_forward", set(FEED_FORWARDS)),
        ("connections", set(CONNECTIONS)),
        ("optimizer", set(OPTIMIZERS)),
        ("momentum_kind", set(MOMENTUM_KINDS)),
        ("lr_decay", set(SCHEDULES)),
        ("dtype", set(PRECISIONS)),
    ],
)
def test_choices_are_the_engines(hyperparameter: str, registry: set[str]) -> None:
    assert set(CATALOGUE[hyperparameter].choices) == registry


@pytest.mark.parametrize("registry", [NETWORKS, TASKS])
def test_a_built_in_name_is_that_of_its_function(registry: Mapping[str, object]) -> None:
    assert {name: function.__name__ for name, function in registry.items()} == {
        name: name for name in registry
    }


def test_what_the_catalogue_and_diagnosis_group_exists() -> None:
    assert {*RECURRENT_NETWORKS, *IMAGE_NETWORKS} <= set(NETWORKS)


def test_defaults_agree() -> None:
    assert CATALOGUE["lr_decay_rate"].default == DEFAULT_DECAY_RATE


def test_no_hyperparameter_is_called_like_a_column() -> None:
    columns = {one.name for one in (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)}
    assert not columns & set(CATALOGUE)


def test_python_and_yaml_describe_the_same_study() -> None:
    from_python = StudyConfig(
        study="s",
        task="digits",
        network="mlp",
        hyperparameters={"learning_rate": {"low": 0.001, "high": 1.0, "log": True}},
        steps=10,
        trials=3,
    )
    from_yaml = StudyConfig.from_text(
        "study: s\ntask: digits\nnetwork: mlp\nsteps: 10\ntrials: 3\n"
        "hyperparameters:\n  learning_rate: {low: 1e-3, high: 1.0, log: true}\n"
    )
    assert from_python.space.metadata() == from_yaml.space.metadata()

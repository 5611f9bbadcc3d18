"""What real networks are called, where a paper or plain theory says what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from search_spaces.space import build_space
from study.engine import NETWORKS, TASKS, Task, train_cohort
from study.tables import StudyMetadata
from study.trial import Trial
from study.verdicts import DEFAULT
from study.worker.rows import cohort_tables

SEEDS = 3


def trained(
    network: str,
    task: str,
    given: Mapping[str, Any],
    *,
    steps: int,
    seeds: int = SEEDS,
    statistics: str = "standard",
    options: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """The trials table of some seeds; what is not given is the catalogue's default."""
    values = build_space({}, network=network, task=task).complete(dict(given))
    lengths = {"sequence_length": values["sequence_length"]} if "sequence_length" in values else {}
    made: Task = TASKS[task](**lengths, **(options or {}))
    trials = [
        Trial(number=seed, configuration=0, seed=seed, hyperparameters=values)
        for seed in range(seeds)
    ]
    record = train_cohort(
        trials, task=made, network=NETWORKS[network], steps=steps, statistics=statistics
    )
    names = ("activation", "normalization", "batch_size")
    metadata = StudyMetadata(
        study="s",
        task=task,
        network=network,
        hyperparameters={
            name: {"kind": "fixed", "value": values[name]} for name in names if name in values
        },
        metric=made.metric_name,
    )
    tables = cohort_tables(record, task=made, metadata=metadata, thresholds=DEFAULT)
    return tables.trials.to_pandas()


def verdicts(network: str, task: str, given: Mapping[str, Any], steps: int) -> list[str]:
    return list(trained(network, task, given, steps=steps)["verdict"])


HE = {"initialization": "he_normal"}
MEMORY = {"width": 32, "batch_size": 32, "initialization": "xavier_normal", "optimizer": "adam"}


@pytest.mark.slow
def test_a_catapult_is_stable_with_its_flag() -> None:
    # Lewkowycz et al. 2020: beyond 2 / lambda_0 the loss rises first, then trains.
    wide = {**HE, "depth": 1, "width": 256, "batch_size": 256}
    measured = trained("mlp", "teacher", wide, steps=1, statistics="full")
    limit = 2 / measured["sharpness_initial"].median()
    assert measured["predicted_max_learning_rate"].median() == pytest.approx(limit)
    for factor in (1.2, 1.5):
        rows = trained("mlp", "teacher", {**wide, "learning_rate": factor * limit}, steps=300)
        assert (rows["loss_max"] > 5 * rows["loss_initial"]).all()
        assert set(rows["verdict"]) == {"stable"}
        assert set(rows["flags"]) == {"catapult"}
    below = trained("mlp", "teacher", {**wide, "learning_rate": 0.8 * limit}, steps=300)
    assert set(below["verdict"]) == {"stable"} and set(below["flags"]) == {""}
    beyond = trained("mlp", "teacher", {**wide, "learning_rate": 6 * limit}, steps=300)
    assert set(beyond["verdict"]) == {"exploding"}


@pytest.mark.slow
def test_full_batch_gradient_descent_ends_at_the_edge_of_stability() -> None:
    # Cohen et al. 2021: sharpness rises until the learning rate is its limit, whatever it is.
    full = {"depth": 2, "activation": "tanh", "initialization": "xavier_normal", "batch_size": 128}
    options = {"examples": 128}
    for rate, flag in ((0.1, ""), (0.4, "edge_of_stability"), (0.5, "edge_of_stability")):
        rows = trained(
            "mlp",
            "teacher",
            {**full, "learning_rate": rate},
            steps=600,
            seeds=2,
            statistics="full",
            options=options,
        )
        # At initialization all of these rates lie below the limit.
        assert (rows["predicted_max_learning_rate"] > rate).all()
        assert set(rows["flags"]) == {flag}
        assert set(rows["verdict"]) == {"stable"}


@pytest.mark.slow
def test_batch_normalization_that_explodes_at_initialization_and_trains_is_stable() -> None:
    # Yang et al. 2019: ReLU and batch normalization grow gradients by about 1.2 a layer, at first.
    deep = {**HE, "depth": 24, "normalization": "batch", "learning_rate": 0.1}
    rows = trained("mlp", "digits", deep, steps=250)
    assert (rows["delta_ratio_initial"] > DEFAULT.exploding_ratio).all()
    assert rows["flags"].str.contains("batchnorm_explosion").all()
    assert set(rows["verdict"]) == {"stable"}


def test_a_divergence_that_clipping_bounds_is_exploding() -> None:
    clipped = {**HE, "depth": 6, "learning_rate": 10.0, "clip_norm": 1.0}
    rows = trained("mlp", "digits", clipped, steps=200)
    assert rows["loss_final"].max() < 10  # Bounded: no NaN, no divergence in the losses.
    assert set(rows["verdict"]) == {"exploding"}
    assert rows["flags"].str.contains("clipped_divergence").all()


def test_he_relu_is_stable() -> None:
    assert verdicts("mlp", "digits", {**HE, "depth": 8, "learning_rate": 0.05}, 300) == (
        ["stable"] * SEEDS
    )


@pytest.mark.slow
def test_critical_tanh_at_depth_50_is_stable() -> None:
    critical = {
        "depth": 50,
        "activation": "tanh",
        "initialization": "mean_field",
        "weight_std": 1.327,
        "bias_std": 0.2236,
        # At twice this rate rounding decides whether a seed loses in the end what it learned.
        "learning_rate": 0.01,
    }
    assert verdicts("mlp", "digits", critical, 600) == ["stable"] * SEEDS


@pytest.mark.slow
def test_an_lstm_on_adding_is_stable() -> None:
    lstm = {**MEMORY, "sequence_length": 16, "learning_rate": 1e-2}
    assert verdicts("lstm", "adding", lstm, 500) == ["stable"] * SEEDS


@pytest.mark.slow
def test_a_pre_norm_transformer_is_stable() -> None:
    small = {**MEMORY, "sequence_length": 20, "depth": 2, "heads": 4, "learning_rate": 3e-3}
    assert verdicts("transformer", "temporal_order", small, 150) == ["stable"] * SEEDS


@pytest.mark.slow
@pytest.mark.parametrize(
    "sick",
    [
        {"activation": "sigmoid", "depth": 20, "initialization": "xavier_normal"},
        {"activation": "relu", "depth": 60, "initialization": "xavier_normal"},
        {
            "activation": "tanh",
            "depth": 40,
            "initialization": "mean_field",
            "weight_std": 0.6,
            "bias_std": 0.0,
        },
    ],
    ids=["deep sigmoid", "Xavier ReLU at depth 60", "tanh of small weights"],
)
def test_gradients_that_do_not_arrive_are_vanishing(sick: Mapping[str, Any]) -> None:
    assert verdicts("mlp", "digits", {**sick, "learning_rate": 0.1}, 100) == (
        ["vanishing"] * SEEDS
    )


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_an_unclipped_rnn_of_large_recurrent_gain_is_exploding(activation: str) -> None:
    # Pascanu et al. 2013. With tanh the first update saturates every unit: it was once vanishing.
    sick = {
        "width": 32,
        "batch_size": 32,
        "initialization": "xavier_normal",
        "sequence_length": 40,
        "activation": activation,
        "recurrent_gain": 3.0,
        "learning_rate": 0.1,
    }
    assert verdicts("rnn", "temporal_order", sick, 60) == ["exploding"] * SEEDS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "given"),
    [
        ("mlp", {**HE, "depth": 4, "learning_rate": 10.0}),
        ("mlp", {**HE, "depth": 4, "learning_rate": 0.5, "optimizer": "adam"}),
        ("cnn", {**HE, "depth": 3, "width": 8, "learning_rate": 3.0, "momentum": 0.9}),
    ],
    ids=["sgd", "adam", "cnn"],
)
def test_a_learning_rate_a_hundred_times_too_large_is_exploding(
    network: str, given: Mapping[str, Any]
) -> None:
    assert verdicts(network, "digits", given, 100) == ["exploding"] * SEEDS


def test_steps_that_are_too_small_have_stalled() -> None:
    tiny = {**HE, "depth": 4, "learning_rate": 1e-6}
    assert verdicts("mlp", "digits", tiny, 100) == ["stalled"] * SEEDS

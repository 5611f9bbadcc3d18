from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from study.diagnosis import Candidate, Change, candidates
from study.engine.built_in import BUILT_IN_NETWORKS
from study.preflight.configuration import preflight
from study.study_file import StudyConfig
from study.verdicts import Verdict
from tests.study.diagnosis.conftest import DIGITS

TASKS = dict.fromkeys(BUILT_IN_NETWORKS, "digits") | {
    "rnn": "adding",
    "lstm": "adding",
    "gru": "temporal_order",
    "transformer": "temporal_order",
    "linear": "quadratic",
}
SMALL: dict[str, dict[str, Any]] = {
    "linear": {"batch_size": 3},
    "densenet": {"growth_rate": 8, "depth": 4},
    "transformer": {"width": 16, "depth": 4, "sequence_length": 12},
} | {name: {"width": 8, "depth": 2, "sequence_length": 12} for name in ("rnn", "lstm", "gru")}
FAILURES = [verdict.value for verdict in Verdict if verdict != Verdict.STABLE]


def study(network: str = "mlp", **hyperparameters: object) -> StudyConfig:
    given = SMALL.get(network, {"width": 8, "depth": 8}) | hyperparameters
    options = {"eigenvalues": [1.0, 4.0, 10.0]} if network == "linear" else {}
    changes = {"task": TASKS[network], "network": network, "hyperparameters": given}
    return StudyConfig(**{**DIGITS, **changes, "task_options": options})


def found(config: StudyConfig, verdict: str = "vanishing", **options: Any) -> list[Candidate]:
    settings = options.pop("settings", {})
    return candidates(config.space, settings, steps=config.steps, verdict=verdict, **options)


def only(one: Candidate) -> Change:
    (change,) = one.changes
    return change


def values_of(some: list[Candidate], name: str) -> list[object]:
    return [only(one).after for one in some if only(one).hyperparameter == name]


@pytest.mark.slow
@pytest.mark.parametrize("network", BUILT_IN_NETWORKS)
def test_every_candidate_is_a_valid_single_change_that_can_be_built(network: str) -> None:
    config = study(network)
    checked = preflight(config)
    present = config.space.complete({})
    owned = {
        each.name: {condition.owner for condition in each.conditions}
        for each in config.space.catalogue
    }
    for verdict in FAILURES:
        some = found(config, verdict)
        assert len(some) >= 8
        sizes = [one.changes.size for one in some]
        assert sizes == sorted(sizes)
        for one in some:
            name, values = only(one).hyperparameter, dict(one.hyperparameters)
            assert config.space.complete(values) == values
            assert checked.cost(values).parameters > 0
            differing = {
                key for key in {**present, **values} if present.get(key) != values.get(key)
            }
            assert name in differing and present[name] == only(one).before
            assert all(name in owned[other] for other in differing - {name})


def test_those_meant_for_the_verdict_come_first_among_equals() -> None:
    for verdict, first in (("exploding", "down"), ("stalled", "up")):
        some = found(study(), verdict)
        rates = [one for one in some if only(one).hyperparameter == "learning_rate"]
        factor_10 = [only(one) for one in rates if one.changes.size == pytest.approx(2)]
        meant = next(change for change in factor_10 if change.aimed)
        assert meant.direction == first
        assert all(only(one).aimed or one.changes.size <= 2 for one in some)


def test_numbers_are_round_and_on_the_right_side() -> None:
    config = study(learning_rate=0.02, clip_norm=0.5, depth=30, momentum=0.9)
    exploding, stalled = found(config, "exploding"), found(config, "stalled")
    clips = [only(one) for one in exploding if only(one).hyperparameter == "clip_norm"]
    assert [one.after for one in clips if one.direction == "down"] == [0.1, 0.01]
    clips = [only(one) for one in stalled if only(one).hyperparameter == "clip_norm"]
    assert [one.after for one in clips if one.direction == "up"] == [5.0, 50.0, 500.0]
    assert values_of(exploding, "depth") == [15, 7, 3, 1]
    assert values_of(exploding, "learning_rate")[-1] == 2e-7
    assert 0.0067 in values_of(exploding, "learning_rate")
    assert values_of(exploding, "warmup_steps") == [8, 24]


def test_no_clipping_falls_to_a_limit() -> None:
    change = next(
        only(one) for one in found(study(), "exploding") if only(one).hyperparameter == "clip_norm"
    )
    assert str(change) == "clip_norm: none -> 10" and change.way == ("clip_norm", "down")


def test_clipping_above_the_largest_gradient_is_not_tried() -> None:
    assert values_of(found(study(), "exploding", grad_norm=1.0), "clip_norm") == [0.1, 0.01]


def test_what_belongs_to_the_old_value_goes() -> None:
    some = found(study(), "stalled", settings={"momentum": "0.5", "lr_decay": "step"})
    adam = next(one for one in some if only(one).hyperparameter == "optimizer")
    assert adam.hyperparameters["beta1"] == 0.9 and "momentum" not in adam.hyperparameters
    assert adam.hyperparameters["lr_decay"] == "step"


def test_what_has_no_effect_is_not_tried() -> None:
    assert not values_of(found(study(), "exploding"), "residual_scale")
    some = found(study(connections="residual"), "exploding")
    assert values_of(some, "residual_scale") == [0.33, 0.1, 0.033]
    some = found(study(initialization="mean_field", weight_std=3.0), "exploding")
    assert values_of(some, "weight_std") and not values_of(some, "init_gain")


def test_a_network_of_ones_own_takes_what_its_file_lists(tmp_path: Path) -> None:
    config = StudyConfig(
        **{
            **DIGITS,
            "network": "mine:net",
            "hyperparameters": {
                "depth": [4, 16],
                "activation": ["relu", "tanh"],
                "gate_bias": [-3, -1, 0],
                "kind": "plain",
            },
        }
    )
    settings = {"depth": 16, "activation": "tanh", "gate_bias": -3}
    some = found(config, settings=settings)
    # Numbers of the catalogue mean what they always do; what names a network knows, it alone does.
    assert values_of(some, "depth") == [8, 4, 2, 1]
    assert values_of(some, "activation") == ["relu"]
    assert values_of(some, "gate_bias") == [-1, 0]
    assert not values_of(some, "kind") and not values_of(some, "normalization")
    assert "he_normal" in values_of(some, "initialization")
    assert not values_of(found(config, settings=settings, of_task=("gate_bias",)), "gate_bias")

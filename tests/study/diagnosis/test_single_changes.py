from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search_spaces.catalogue.built_in import RECURRENT_NETWORKS
from study.diagnosis import Candidate, Change, candidates
from study.diagnosis.single_changes import combined
from study.diagnosis.situation import Situation
from study.engine.built_in import BUILT_IN_NETWORKS
from study.preflight.configuration import preflight
from study.study_file import StudyConfig
from study.verdicts import Verdict
from tests.study.diagnosis.conftest import DIGITS

TASKS = dict.fromkeys(BUILT_IN_NETWORKS, "digits") | {
    "unet": "denoising",
    "vae": "generation",
    "rnn": "adding",
    "lstm": "adding",
    "gru": "temporal_order",
    "seq2seq": "reverse",
    "transformer": "temporal_order",
    "encoder_decoder": "reverse",
    "linear": "quadratic",
}
SMALL: dict[str, dict[str, Any]] = {
    "linear": {"batch_size": 3},
    "densenet": {"growth_rate": 8, "depth": 4},
    "unet": {"width": 4, "depth": 2},
    "vae": {"width": 8, "depth": 2},
    "transformer": {"width": 16, "depth": 4, "sequence_length": 12},
    "encoder_decoder": {"width": 16, "depth": 2, "sequence_length": 12},
} | {name: {"width": 8, "depth": 2, "sequence_length": 12} for name in RECURRENT_NETWORKS}
RATE = "learning_rate"
FAILURES = [verdict.value for verdict in Verdict if verdict != Verdict.STABLE]


def study(network: str = "mlp", **hyperparameters: object) -> StudyConfig:
    given = SMALL.get(network, {"width": 8, "depth": 8}) | hyperparameters
    options = {"eigenvalues": [1.0, 4.0, 10.0]} if network == "linear" else {}
    changes = {"task": TASKS[network], "network": network, "hyperparameters": given}
    return StudyConfig(**{**DIGITS, **changes, "task_options": options})


def found(config: StudyConfig, verdict: str = "vanishing", **options: Any) -> list[Candidate]:
    settings = options.pop("settings", {})
    known = {"steps": config.steps, "verdict": verdict, "standardizable": ()}
    known |= {"unbalanced": False} | options
    return candidates(config.space, settings, Situation(**known))


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
            if name == "steps":
                assert values == present
                continue
            assert config.space.complete(values) == values
            assert checked.cost(values).parameters > 0
            differing = {
                key for key in {**present, **values} if present.get(key) != values.get(key)
            }
            before = only(one).before
            assert name in differing and present.get(name, before) == before
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
    assert [one.after for one in clips if one.direction == "up"] == ["none", 5.0, 50.0, 500.0]
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


def first_ways(some: list[Candidate]) -> list[str]:
    """Hyperparameters of what is the fix for the cause, in the order in which they are tried."""
    return list(dict.fromkeys(only(one).hyperparameter for one in some if only(one).fix))


@pytest.mark.parametrize(
    ("cause", "settings", "ways"),
    [
        (
            "decayed_rate",
            {"lr_decay": "exponential", "lr_decay_steps": 10},
            ["lr_decay", "lr_decay_steps", "lr_decay_rate"],
        ),
        ("small_steps", {"learning_rate": 1e-5}, ["momentum", "learning_rate"]),
        ("large_steps", {"momentum": 0.9}, ["learning_rate", "clip_norm", "momentum"]),
        ("weight_decay", {"weight_decay": 0.1}, ["weight_decay"]),
        (
            "weight_decay",
            {"optimizer": "adam", "weight_decay": 0.1},
            ["weight_decay", "optimizer"],
        ),
        ("clipped_away", {"clip_norm": 1e-6}, ["clip_norm"]),
        ("epsilon", {"optimizer": "adam", "epsilon": 1.0}, ["epsilon"]),
        (
            "cold_start",
            {"optimizer": "adam"},
            ["learning_rate", "warmup_steps", "epsilon", "beta2"],
        ),
        ("batch_noise", {"batch_size": 1}, ["batch_size", "learning_rate", "lr_decay"]),
        ("short_training", {}, ["learning_rate", "steps"]),
        ("input_scale", {}, ["standardize"]),
        ("majority_answer", {}, ["learning_rate", "class_weights"]),
    ],
)
def test_the_fix_for_the_cause_comes_before_all_else(
    cause: str, settings: dict[str, object], ways: list[str]
) -> None:
    all_of_them = ("inputs", "targets", "both")
    some = found(
        study(**settings), "stalled", cause=cause, standardizable=all_of_them, unbalanced=True
    )
    fixes = [only(one).fix for one in some]
    assert fixes == sorted(fixes, reverse=True), "no other change before the last fix"
    sizes = [one.changes.size for one in some if only(one).fix]
    assert sizes == sorted(sizes) and first_ways(some) == ways


def test_no_number_goes_the_other_way_than_the_fix() -> None:
    # Where steps are too small, a third and a tenth of the rate were tried too.
    rates = values_of(found(study(learning_rate=1e-3), "stalled", cause="small_steps"), RATE)
    assert rates and min(rates) > 1e-3  # type: ignore[type-var]
    fast = found(study(learning_rate=1.0, momentum=0.5), "exploding", cause="large_steps")
    assert max(values_of(fast, RATE)) < 1.0 and set(values_of(fast, "momentum")) == {0.0}  # type: ignore[type-var]
    # Where none of both ways is the fix, both are tried.
    rates = values_of(found(study(learning_rate=1e-3), "stalled", cause="input_scale"), RATE)
    assert min(rates) < 1e-3 < max(rates)  # type: ignore[operator, type-var]
    # An epsilon is too large or too small, whichever of the two is not known.
    both = found(study(optimizer="adam", epsilon=1e-5), "stalled", cause="epsilon")
    assert min(values_of(both, "epsilon")) < 1e-5 < max(values_of(both, "epsilon"))  # type: ignore[operator, type-var]


def test_rates_reach_the_limit_that_was_measured() -> None:
    slow = study(learning_rate=1e-5)
    values = values_of(found(slow, "stalled", cause="small_steps"), "learning_rate")
    assert {0.1, 0.3} < set(values) and max(values) == 1.0
    measured = found(slow, "stalled", cause="small_steps", max_learning_rate=0.83)
    # A tenth, three tenths and nine tenths of it, rounded down; none a hundred times smaller.
    larger = [each for each in values_of(measured, "learning_rate") if each > 1e-5]
    assert larger == [0.01, 0.08, 0.1, 0.2, 0.3, 0.7, 1.0]
    fast = found(
        study(learning_rate=20.0), "exploding", cause="large_steps", max_learning_rate=0.5
    )
    assert {0.2, 0.05} < set(values_of(fast, "learning_rate"))


def test_what_works_with_defaults_of_the_training_can_be_moved_too() -> None:
    some = found(study(lr_decay="step"), "stalled", cause="decayed_rate")
    (first, *_) = [only(one) for one in some if only(one).hyperparameter == "lr_decay_steps"]
    assert (first.before, first.after) == (80 // 3, 3 * (80 // 3))
    some = found(study(optimizer="adamw"), "stalled", cause="weight_decay")
    assert [only(one).before for one in some if only(one).fix] == [0.01] * 4
    assert values_of(some, "weight_decay") == [0.001, 1e-4, 1e-5, 0.0]
    assert not values_of(found(study(), "stalled"), "weight_decay"), "there is none to take away"


def test_more_steps_are_a_change_of_the_study() -> None:
    (more,) = [one for one in found(study(), "slow") if only(one).hyperparameter == "steps"]
    assert more.steps == 240 and more.hyperparameters == study().space.complete({})
    assert more.changes.option == "--steps 240"
    assert not values_of(found(study(), "exploding"), "steps")
    # Twelve steps that need a hundred got no remedy at all.
    assert values_of(found(study(), "slow", cause="short_training"), "steps") == [240, 800]


def test_before_any_update_nothing_is_tried_that_acts_through_updates() -> None:
    some = found(study(optimizer="adam"), "exploding", reach="no updates")
    names = {only(one).hyperparameter for one in some}
    updates = {"learning_rate", "clip_norm", "clip_value", "warmup_steps", "epsilon", "beta2"}
    assert not names & (updates | {"optimizer", "lr_decay", "weight_decay"})
    assert {"init_gain", "initialization", "depth"} < names


def test_where_the_loss_is_to_blame_only_what_reaches_it_is_tried() -> None:
    values = {"depth": 4, "kind": ["a", "b"], "optimizer": "adam"}
    config = StudyConfig(**{**DIGITS, "network": "mine:net", "hyperparameters": values})
    some = found(config, "exploding", settings={"kind": "a"}, cause="loss_function", reach="own")
    assert [str(one.changes) for one in some] == ["kind: a -> b", "dtype: float32 -> float64"]


def test_what_a_person_lists_comes_first_where_the_network_is_to_blame() -> None:
    values = {"squash": ["relu", "tanh"], "optimizer": "adam"}
    config = StudyConfig(**{**DIGITS, "network": "mine:net", "hyperparameters": values})
    some = found(config, "exploding", settings={"squash": "relu"}, cause="growing_state")
    assert str(some[0].changes) == "squash: relu -> tanh"


def test_what_is_standardized_already_stays_so() -> None:
    some = found(study(), "stalled", cause="input_scale", standardizable=("inputs",))
    assert values_of(some, "standardize") == ["inputs"]
    assert not values_of(found(study(), "stalled", cause="input_scale"), "standardize")


def test_batches_hold_no_more_than_the_task() -> None:
    some = found(study(batch_size=16), "oscillating", cause="batch_noise", examples=300)
    assert [one for one in values_of(some, "batch_size") if one > 16] == [64, 256]


def test_changes_are_combined_where_they_go_together() -> None:
    space = study().space
    some = {str(one.changes): only(one) for one in found(study(), "stalled")}
    shallow, adam = some["depth: 8 -> 4"], some["optimizer: sgd -> adam"]
    both = combined(space, {"momentum": 0.5}, [shallow, adam], steps=80)
    assert both is not None and both.steps == 80
    assert both.hyperparameters["depth"] == 4 and "momentum" not in both.hyperparameters
    assert both.changes.option == "--set depth=4 --set optimizer=adam"
    faster = some["momentum: 0 -> 0.9"]
    assert combined(space, {}, [adam, faster], steps=80) is None, "adam has no momentum"

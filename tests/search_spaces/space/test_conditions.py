"""Hyperparameters that belong to some values of another one."""

from __future__ import annotations

import pytest
from optuna.trial import FixedTrial

from search_spaces import InputError, build_space


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        (
            {"momentum": 0.9, "optimizer": "adam"},
            "hyperparameters.momentum: applies only when optimizer is sgd, but optimizer is adam",
        ),
        (
            {"weight_std": 2},
            "hyperparameters.weight_std: applies only when initialization is mean_field, "
            "but initialization is torch_default, its default",
        ),
        (
            {"weight_std": [1, 2], "initialization": ["he_normal", "orthogonal"]},
            "hyperparameters.weight_std: applies only when initialization is mean_field, "
            "but initialization is he_normal, orthogonal",
        ),
        (
            {"lr_decay_rate": 0.5, "lr_decay": "cosine"},
            "hyperparameters.lr_decay_rate: applies only when lr_decay is exponential or step, "
            "but lr_decay is cosine",
        ),
        (
            {"look_ahead": 0.1, "optimizer": "adam"},
            "hyperparameters.look_ahead: applies only when nesterov is yes, "
            "but nesterov is no, its default",
        ),
    ],
)
def test_given_though_its_owner_never_has_it(hyperparameters, message, catalogue_with_adam):
    with pytest.raises(InputError) as caught:
        build_space(hyperparameters, network="mlp", task="digits", catalogue=catalogue_with_adam)
    assert str(caught.value) == message


def test_left_out_of_the_trials_where_it_does_not_apply(catalogue_with_adam):
    space = build_space(
        {"momentum": [0.0, 0.9], "optimizer": ["sgd", "adam"]},
        network="mlp",
        task="digits",
        catalogue=catalogue_with_adam,
    )
    assert list(space.axes) == ["optimizer", "momentum"]  # the owner is asked first
    sgd = space.suggest(FixedTrial({"optimizer": "sgd", "momentum": 0.9}))
    adam = space.suggest(FixedTrial({"optimizer": "adam"}))
    assert sgd["momentum"] == 0.9 and "momentum" not in adam
    assert list(sgd)[:2] == ["momentum", "optimizer"]  # columns stay in file order


def test_fixed_one_is_left_out_too(catalogue_with_adam):
    space = build_space(
        {"momentum": 0.9, "optimizer": ["sgd", "adam"]},
        network="mlp",
        task="digits",
        catalogue=catalogue_with_adam,
    )
    assert space.resolve({"optimizer": "sgd"})["momentum"] == 0.9
    assert "momentum" not in space.resolve({"optimizer": "adam"})


def test_owner_that_is_owned_itself(catalogue_with_adam):
    space = build_space(
        {
            "look_ahead": [0.1, 0.2],
            "nesterov": ["no", "yes"],
            "optimizer": ["adam", "sgd"],
        },
        network="mlp",
        task="digits",
        catalogue=catalogue_with_adam,
    )
    assert list(space.axes) == ["optimizer", "nesterov", "look_ahead"]
    adam = space.resolve({"optimizer": "adam"})
    assert "nesterov" not in adam and "look_ahead" not in adam
    plain = space.resolve({"optimizer": "sgd", "nesterov": "no"})
    assert "look_ahead" not in plain
    full = space.resolve({"optimizer": "sgd", "nesterov": "yes", "look_ahead": 0.2})
    assert full["look_ahead"] == 0.2


def test_defaults_apply_only_with_their_owner():
    space = build_space({"lr_decay": ["constant", "step", "cosine"]}, network="mlp", task="digits")
    assert "lr_decay_rate" not in space.resolve({"lr_decay": "constant"})
    step = space.resolve({"lr_decay": "step"})
    assert step["lr_decay_rate"] == 0.1
    assert "lr_decay_steps" not in step  # the engine's third of the steps


class TestComplete:
    """`gradscape diagnose --set name=text`."""

    HYPERPARAMETERS = {
        "depth": [2, 4, 8],
        "activation": ["tanh", "gelu"],
        "learning_rate": {"low": 1e-3, "high": 1, "log": True},
        "width": 16,
        "lr_decay": "constant",
    }

    def test_override_then_fixed_then_default(self):
        values = build_space(self.HYPERPARAMETERS, network="mlp", task="digits").complete(
            {"depth": "30", "activation": "sigmoid", "clip_norm": "none"}
        )
        assert values["depth"] == 30 and values["activation"] == "sigmoid"  # not on the axes
        assert values["width"] == 16
        assert values["learning_rate"] == 0.01
        assert values["clip_norm"] == "none"

    def test_texts_are_read_by_kind(self):
        space = build_space(self.HYPERPARAMETERS, network="mlp", task="digits")
        values = space.complete({"learning_rate": "1e-2", "clip_norm": "5", "momentum": ".9"})
        assert (values["learning_rate"], values["clip_norm"], values["momentum"]) == (0.01, 5, 0.9)

    def test_another_owner_brings_what_belongs_to_it(self):
        space = build_space(self.HYPERPARAMETERS, network="mlp", task="digits")
        assert space.complete({"lr_decay": "step"})["lr_decay_rate"] == 0.1
        assert space.complete({"lr_decay": "step", "lr_decay_steps": "7"})["lr_decay_steps"] == 7

    def test_another_owner_drops_what_the_file_fixed(self):
        fixed = {"initialization": "mean_field", "weight_std": 2.0}
        space = build_space(fixed, network="mlp", task="digits")
        assert space.complete({})["weight_std"] == 2.0
        assert "weight_std" not in space.complete({"initialization": "he_normal"})

    def test_axis_without_a_default_value_is_left_to_the_engine(self):
        space = build_space(
            {"lr_decay": "step", "lr_decay_steps": [5, 50]}, network="mlp", task="digits"
        )
        assert "lr_decay_steps" not in space.complete({})

    def test_equals_what_the_study_would_train(self):
        space = build_space(self.HYPERPARAMETERS, network="mlp", task="digits")
        point = {"depth": 4, "activation": "gelu", "learning_rate": 0.1}
        assert space.complete(point) == space.resolve(point)

    @pytest.mark.parametrize(
        ("overrides", "message"),
        [
            ({"dpeth": "3"}, "unknown hyperparameter 'dpeth'; did you mean 'depth'?"),
            ({"depth": "0"}, "depth: must be an integer >= 1, but got '0'"),
            ({"depth": "[2, 4]"}, "depth: must be an integer >= 1, but got '[2, 4]'"),
            ({"weight_std": "2"}, "weight_std: applies only when initialization is mean_field"),
        ],
    )
    def test_bad_overrides(self, overrides, message):
        with pytest.raises(InputError) as caught:
            build_space(self.HYPERPARAMETERS, network="mlp", task="digits").complete(overrides)
        assert str(caught.value).startswith(message)

    def test_own_axis_has_no_default(self):
        space = build_space({"towers": [1, 2]}, network="a.b:c", task="digits")
        with pytest.raises(
            InputError,
            match=r"^towers: varies .*; set it, e\.g\. towers=1 \(the study file has 1, 2\)",
        ):
            space.complete({})
        assert space.complete({"towers": "4"})["towers"] == 4

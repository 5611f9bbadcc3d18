"""What a person writes under `hyperparameters`, and what it comes to."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FixedTrial

from search_spaces import CATALOGUE, InputError, build_space

ACTIVATIONS = ", ".join(sorted(CATALOGUE["activation"].choices))
OPTIMIZERS = ", ".join(sorted(CATALOGUE["optimizer"].choices))


def test_scalar_is_fixed_list_is_a_choice_mapping_is_a_range():
    space = build_space(
        {
            "width": 32,
            "depth": [2, 4],
            "batch_size": {"low": 8, "high": 64, "step": 8},
            "learning_rate": {"low": 1e-4, "high": 1, "log": True},
            "weight_decay": {"low": 0, "high": 0.3, "step": 0.1},
            "clip_norm": ["none", 1],
        },
        network="mlp",
        task="digits",
    )
    assert space.axes == {
        "depth": CategoricalDistribution((2, 4)),
        "batch_size": IntDistribution(8, 64, step=8),
        "learning_rate": FloatDistribution(1e-4, 1.0, log=True),
        "weight_decay": FloatDistribution(0.0, 0.3, step=0.1),
        "clip_norm": CategoricalDistribution(("none", 1.0)),
    }
    assert space.fixed["width"] == 32
    assert space.fixed["activation"] == "relu"


def test_list_of_one_is_fixed():
    space = build_space({"depth": [8]}, network="mlp", task="digits")
    assert not space.axes and space.fixed["depth"] == 8


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("learning_rate", "1e-4", 1e-4),  # YAML reads this as text, for want of a dot
        ("learning_rate", "1E+2", 100.0),
        ("learning_rate", 1, 1.0),
        ("learning_rate", np.float32(0.5), 0.5),
        ("depth", np.int64(3), 3),
        ("depth", 3.0, 3),
        ("depth", "1e1", 10),
        ("clip_norm", "none", "none"),
        ("clip_norm", None, "none"),
        ("clip_norm", 2, 2.0),
        ("weight_decay", 0, 0.0),
        ("momentum", 0, 0.0),
        ("lr_decay", "cosine", "cosine"),
    ],
)
def test_values_become_canonical(name, written, value):
    read = build_space({name: written}, network="mlp", task="digits").fixed[name]
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "written", "rule"),
    [
        ("depth", 0, "must be an integer >= 1, but got 0"),
        ("depth", 2.5, "must be an integer >= 1, but got 2.5"),
        ("depth", True, "must be an integer >= 1, but got true"),
        ("depth", "four", "must be an integer >= 1, but got 'four'"),
        ("depth", None, "must be an integer >= 1, but got nothing"),
        ("depth", [2, [4]], "must be an integer >= 1, but got [4]"),
        ("depth", 2**63, "must be an integer >= 1, but got 9223372036854775808"),
        ("learning_rate", 0, "must be a number > 0, but got 0"),
        ("learning_rate", float("nan"), "must be a number > 0, but got nan"),
        ("learning_rate", float("inf"), "must be a number > 0, but got inf"),
        ("learning_rate", "none", "must be a number > 0, but got 'none'"),
        ("learning_rate", False, "must be a number > 0, but got false"),
        ("clip_norm", 0, "must be a number > 0, or none, but got 0"),
        ("clip_norm", "off", "must be a number > 0, or none, but got 'off'"),
        ("momentum", 1.5, "must be a number >= 0 and < 1, but got 1.5"),
        ("momentum", 1, "must be a number >= 0 and < 1, but got 1"),
        ("weight_decay", -0.1, "must be a number >= 0, but got -0.1"),
        (
            "activation",
            "rleu",
            f"unknown activation 'rleu'; did you mean 'relu'? known: {ACTIVATIONS}",
        ),
        ("dtype", 32, f"must be {CATALOGUE['dtype'].expected}, but got 32"),
        (
            "optimizer",
            "sdg",
            f"unknown optimizer 'sdg'; did you mean 'sgd'? known: {OPTIMIZERS}",
        ),
        ("depth", [], "a list needs at least one value, but got []; each must be an integer >= 1"),
        ("depth", [2, 4, 2], "values of a list must differ, but 2 stands twice"),
        ("learning_rate", [1, 1.0], "values of a list must differ, but 1.0 stands twice"),
        (
            "learning_rate",
            {"low": 1.0, "high": 0.1},
            "`low < high` must hold, but got low=1.0, high=0.1",
        ),
        ("depth", {"low": 4, "high": 4}, "`low < high` must hold, but got low=4, high=4"),
        (
            "learning_rate",
            {"low": 0, "high": 1, "log": True},
            "a log range needs low > 0, but got low=0",
        ),
        ("learning_rate", {"low": 0, "high": 1}, "low must be a number > 0, but got 0"),
        (
            "momentum",
            {"low": 0.5, "high": 1},
            "high must be a number >= 0 and < 1, but got 1",
        ),
        ("depth", {"low": 1, "high": 2.5}, "high must be an integer >= 1, but got 2.5"),
        (
            "learning_rate",
            {"low": 0.1, "high": float("inf")},
            "high must be a finite number, but got inf",
        ),
        ("learning_rate", {"low": 0.1, "high": "x"}, "high must be a finite number, but got 'x'"),
        ("learning_rate", {"low": 0.1}, "a range needs low and high, but high is missing"),
        ("learning_rate", {}, "a range needs low and high, but low is missing"),
        (
            "learning_rate",
            {"low": 0.1, "hihg": 1},
            "unknown key of a range 'hihg'; did you mean 'high'? known: high, log, low, step",
        ),
        (
            "learning_rate",
            {"low": 0.1, "high": 1, "log": 1},
            "log must be true or false, but got 1",
        ),
        (
            "weight_decay",
            {"low": 0.1, "high": 1, "log": True, "step": 0.1},
            "a log range has no step, but got step=0.1",
        ),
        (
            "learning_rate",
            {"low": 0.001, "high": 1.0, "step": 1e-12},
            "step must be at least 1e-07, 1e-07 of the larger bound, but got 1e-12; "
            "a range without step has all values",
        ),
        ("depth", {"low": 1, "high": 9, "step": 0}, "step must be an integer >= 1, but got 0"),
        ("depth", {"low": 1, "high": 9, "step": 0.5}, "step must be an integer >= 1, but got 0.5"),
        (
            "depth",
            {"low": 1, "high": 10, "step": 4},
            "high must be low plus whole steps, but got low=1, high=10, step=4; "
            "the last value reached is 9",
        ),
        (
            "activation",
            {"low": 0, "high": 1},
            "a name has no range; list some choices instead, each "
            f"{CATALOGUE['activation'].expected}",
        ),
    ],
)
def test_bad_values(name, written, rule):
    with pytest.raises(InputError) as caught:
        build_space({name: written}, network="mlp", task="digits")
    assert str(caught.value) == f"hyperparameters.{name}: {rule}"


def test_long_values_are_shortened_in_errors():
    with pytest.raises(InputError) as caught:
        build_space({"depth": "x\n" * 1000}, network="mlp", task="digits")
    assert len(str(caught.value)) < 150 and "\n" not in str(caught.value)


def test_unknown_name_of_a_built_in_network_suggests_the_nearest():
    with pytest.raises(InputError, match="^hyperparameters.dept: unknown .* did you mean 'depth'"):
        build_space({"dept": 3}, network="mlp", task="digits")


@pytest.mark.parametrize("given", [None, 3, ["depth"], "depth"])
def test_hyperparameters_must_be_a_mapping(given):
    with pytest.raises(InputError, match="^hyperparameters: must be a mapping of names to values"):
        build_space(given, network="mlp", task="digits")


class TestOwnNetwork:
    OWN = "package.module:factory"

    def test_kinds_are_taken_from_the_values(self):
        space = build_space(
            {
                "towers": [1, 2],
                "blocks": {"low": 1, "high": 4},
                "slope": [1, 0.5],
                "scale": {"low": 1, "high": 2, "step": 0.5},
                "limit": ["none", 3],
                "norm": ["none", "layer"],
                "path": "wide",
            },
            network=self.OWN,
            task="digits",
        )
        kinds = {
            "towers": "integer",
            "blocks": "integer",
            "slope": "number",
            "scale": "number",
            "limit": "number-or-none",
            "norm": "name",
            "path": "name",
        }
        assert kinds.items() <= space.kinds().items()
        assert space.axes["blocks"] == IntDistribution(1, 4)
        assert space.axes["slope"] == CategoricalDistribution((1.0, 0.5))

    def test_own_hyperparameters_are_not_fusible(self):
        space = build_space(
            {"towers": [1, 2], "learning_rate": [0.1, 1]}, network=self.OWN, task="digits"
        )
        values = space.resolve({"towers": 2, "learning_rate": 1.0})
        key = dict(space.cohort_key(values))
        assert key["towers"] == 2 and "learning_rate" not in key

    def test_architecture_is_only_what_the_file_says(self):
        assert "depth" not in build_space({}, network=self.OWN, task="digits").fixed
        assert build_space({"depth": 3}, network=self.OWN, task="digits").fixed["depth"] == 3
        assert build_space({}, network=self.OWN, task="digits").fixed["learning_rate"] == 0.01

    @pytest.mark.parametrize(
        ("name", "written", "rule"),
        [
            (
                "learning_rte",
                0.1,
                "unknown hyperparameter 'learning_rte'; did you mean 'learning_",
            ),
            ("towers", True, "must be a number or a name, but got true"),
            ("towers", None, "must be a number or a name, but got nothing"),
            ("towers", [1, "two"], "values must be all numbers or all names, but got [1, 'two']"),
            ("towers", [], "a list needs at least one value"),
            ("towers", {}, "a range needs low and high"),
            ("towers", {"low": 2, "high": 1}, "`low < high` must hold"),
            ("loss_final", 2, "'loss_final' is a column of the trials table"),
            ("my towers", 2, "names must be letters, digits and '_'"),
        ],
    )
    def test_bad_values(self, name, written, rule):
        with pytest.raises(InputError) as caught:
            build_space({name: written}, network=self.OWN, task="digits", reserved={"loss_final"})
        assert str(caught.value).startswith(f"hyperparameters.{name}: {rule}")


def test_metadata_is_json_and_covers_every_column_a_trial_can_have():
    space = build_space(
        {
            "learning_rate": {"low": 0.1, "high": 1, "log": True},
            "initialization": ["he_normal", "mean_field"],
            "clip_norm": ["none", 1],
        },
        network="mlp",
        task="digits",
    )
    metadata = json.loads(json.dumps(space.metadata()))
    assert metadata["learning_rate"] == {"kind": "range", "low": 0.1, "high": 1.0, "log": True}
    assert metadata["clip_norm"] == {"kind": "choice", "choices": ["none", 1.0]}
    assert metadata["width"] == {"kind": "fixed", "value": 64}
    assert "lr_decay_rate" not in metadata  # lr_decay is constant in every trial
    trial = FixedTrial({"learning_rate": 0.5, "clip_norm": 1.0, "initialization": "mean_field"})
    assert set(space.suggest(trial)) <= set(metadata)
    assert list(space.kinds()) == list(metadata)


def test_columns_follow_the_file_then_the_defaults():
    space = build_space(
        {"momentum": 0.9, "width": 8, "depth": [2, 4]}, network="mlp", task="digits"
    )
    values = space.suggest(FixedTrial({"depth": 4}))
    assert list(values)[:3] == ["momentum", "width", "depth"]
    assert values == space.resolve({"depth": 4})
    assert set(values) == {*space.fixed, "depth"}


def test_cohort_key_holds_what_cannot_be_vectorized():
    space = build_space({"learning_rate": [0.1, 1], "depth": [2, 4]}, network="mlp", task="digits")
    one = space.cohort_key(space.resolve({"learning_rate": 0.1, "depth": 2}))
    same = space.cohort_key(space.resolve({"depth": 2, "learning_rate": 1}))
    other = space.cohort_key(space.resolve({"learning_rate": 0.1, "depth": 4}))
    assert one == same != other
    expected = {
        "activation": "relu",
        "batch_size": 64,
        "depth": 2,
        "dtype": "float32",
        "optimizer": "sgd",
        "width": 64,
    }
    assert expected.items() <= dict(one).items()
    assert not {name for name, _ in one} & {n for n, each in CATALOGUE.items() if each.fusible}


def test_resolve_names_an_axis_without_a_value():
    space = build_space({"depth": [2, 4]}, network="mlp", task="digits")
    with pytest.raises(InputError, match="^depth: varies and applies, but has no value"):
        space.resolve({})


def test_differences_show_before_and_after():
    one = build_space({"depth": [2, 4], "width": 8}, network="mlp", task="digits")
    assert (
        one.differences(build_space({"width": 8, "depth": [2, 4]}, network="mlp", task="digits"))
        == []
    )
    assert one.differences(
        build_space({"depth": [2, 4, 8], "width": 8}, network="mlp", task="digits")
    ) == ["depth: was 2, 4; now 2, 4, 8"]
    other = build_space({"depth": [2, 4], "lr_decay": "step"}, network="mlp", task="digits")
    assert one.differences(other) == [
        "width: was 8; now 64",
        "lr_decay: was constant; now step",
        "lr_decay_rate: was absent; now 0.1",
    ]
    # Optuna's storage keeps a choice as its place in the list.
    assert one.differences(
        build_space({"depth": [4, 2], "width": 8}, network="mlp", task="digits")
    )
    own = build_space(
        {"depth": [2, 4], "width": 8, "activation": "relu"}, network="a.b:c", task="digits"
    )
    assert one.differences(own)[0] == "network: was mlp; now a.b:c"


def test_describe_has_a_row_a_hyperparameter():
    space = build_space(
        {"learning_rate": {"low": 1e-4, "high": 10, "log": True}, "depth": [2, 4]},
        network="mlp",
        task="digits",
    )
    rows = {row.name: row for row in space.describe()}
    assert (rows["learning_rate"].role, rows["learning_rate"].values) == (
        "range",
        "0.0001 to 10, log",
    )
    assert (rows["depth"].role, rows["depth"].values, rows["depth"].unit) == (
        "choice",
        "2, 4",
        "layers",
    )
    assert rows["momentum_kind"].role == "default"
    assert rows["momentum_kind"].applies.startswith("optimizer is sgd")


def test_space_can_be_pickled():
    space = build_space({"depth": [2, 4]}, network="mlp", task="digits")
    assert pickle.loads(pickle.dumps(space)) == space


def test_corners_have_every_choice_that_decides_the_shape():
    space = build_space(
        {
            "depth": [2, 4, 8],
            "width": {"low": 8, "high": 64, "step": 8},
            "activation": ["relu", "tanh"],
            "learning_rate": {"low": 0.001, "high": 1.0},
            "initialization": ["he_normal", "mean_field"],
            "weight_std": {"low": 0.5, "high": 2.0},
        },
        network="mlp",
        task="digits",
    )
    corners = list(space.corners())
    shapes = [(one["depth"], one["width"], one["activation"]) for one in corners]
    assert shapes == [
        (2, 8, "relu"), (4, 8, "relu"), (8, 8, "relu"), (2, 64, "relu"), (2, 8, "tanh")
    ]  # fmt: skip
    assert all(one["learning_rate"] == 0.001 for one in corners)

"""Hyperparameters that networks and tasks bring with them, and their defaults."""

from __future__ import annotations

import dataclasses

import pytest
from optuna.distributions import CategoricalDistribution

from search_spaces import CATALOGUE, InputError, build_space
from search_spaces.docs_page import catalogue_markdown

OWN = "package.module:anything"


@pytest.fixture
def catalogue():
    """One hyperparameter of some tasks, one of some networks, one of both, one everywhere."""
    return {
        "sequence_length": dataclasses.replace(
            CATALOGUE["depth"],
            name="sequence_length",
            networks=None,
            network_defaults={},
            tasks=("copy", "text"),
            default=32,
        ),
        "depth": dataclasses.replace(
            CATALOGUE["depth"],
            networks=("mlp", "rnn", "cnn"),
            network_defaults={"rnn": 1, "cnn": 3},
            default=4,
        ),
        "memory": dataclasses.replace(
            CATALOGUE["depth"],
            name="memory",
            networks=("rnn",),
            network_defaults={},
            tasks=("copy",),
            default=7,
        ),
        "learning_rate": dataclasses.replace(
            CATALOGUE["learning_rate"], network_defaults={"rnn": 0.5}
        ),
    }


@pytest.mark.parametrize(
    ("network", "task", "fixed"),
    [
        ("mlp", "digits", {"depth": 4, "learning_rate": 0.01}),
        ("mlp", "text", {"sequence_length": 32, "depth": 4, "learning_rate": 0.01}),
        (
            "rnn",
            "copy",
            {"sequence_length": 32, "depth": 1, "memory": 7, "learning_rate": 0.5},
        ),
        ("rnn", "digits", {"depth": 1, "memory": 7, "learning_rate": 0.5}),
        (
            "mlp",
            "copy",
            {"sequence_length": 32, "depth": 4, "memory": 7, "learning_rate": 0.01},
        ),
        # One of the person's own may have any of them; what it has, the file says.
        (OWN, "digits", {"learning_rate": 0.01}),
        ("cnn", OWN, {"depth": 3, "learning_rate": 0.01}),
        (OWN, OWN, {"learning_rate": 0.01}),
    ],
)
def test_network_and_task_decide_what_there_is(catalogue, network, task, fixed):
    assert build_space({}, network=network, task=task, catalogue=catalogue).fixed == fixed


@pytest.mark.parametrize(
    ("network", "task", "name", "rule"),
    [
        (
            "mlp",
            "digits",
            "sequence_length",
            "task digits has no sequence_length; tasks that have it: copy, text",
        ),
        (
            OWN,
            "digits",
            "sequence_length",
            "task digits has no sequence_length; tasks that have it: copy, text",
        ),
        (
            "transformer",
            OWN,
            "depth",
            "network transformer has no depth; networks that have it: mlp, rnn, cnn",
        ),
        (
            "mlp",
            "digits",
            "memory",
            "network mlp has no memory; networks that have it: rnn; "
            "task digits has no memory; tasks that have it: copy",
        ),
    ],
)
def test_what_there_is_not(catalogue, network, task, name, rule):
    with pytest.raises(InputError) as caught:
        build_space({name: 3}, network=network, task=task, catalogue=catalogue)
    assert str(caught.value) == f"hyperparameters.{name}: {rule}"


def test_a_hyperparameter_of_a_task_can_be_an_axis_that_cohorts_agree_in(catalogue):
    space = build_space(
        {"sequence_length": [16, 64], "learning_rate": [0.1, 1]},
        network="rnn",
        task="copy",
        catalogue=catalogue,
    )
    assert space.axes["sequence_length"] == CategoricalDistribution((16, 64))
    values = space.resolve({"sequence_length": 64, "learning_rate": 0.1})
    key = dict(space.cohort_key(values))
    assert key["sequence_length"] == 64 and "learning_rate" not in key
    assert [one["sequence_length"] for one in space.corners()] == [16, 64]


def test_own_task_may_have_it_and_hyperparameters_of_its_own(catalogue):
    space = build_space(
        {"sequence_length": 9, "noise": [0.1, 0.2]}, network="mlp", task=OWN, catalogue=catalogue
    )
    assert space.fixed["sequence_length"] == 9
    assert space.axes["noise"] == CategoricalDistribution((0.1, 0.2))


@pytest.mark.parametrize("name", ["dept", "sequence_lenght"])
def test_a_mistyped_name_is_not_taken_for_the_own_tasks(catalogue, name):
    with pytest.raises(InputError, match=f"unknown hyperparameter '{name}'; did you mean "):
        build_space({name: 9}, network="mlp", task=OWN, catalogue=catalogue)


def test_completion_takes_the_networks_own_default_for_an_axis(catalogue):
    hyperparameters = {"depth": [2, 8], "learning_rate": {"low": 0.1, "high": 1.0}}
    space = build_space(hyperparameters, network="rnn", task="copy", catalogue=catalogue)
    values = space.complete({"sequence_length": "12"})
    assert values["depth"] == 1 and values["learning_rate"] == 0.5
    assert values["sequence_length"] == 12 and values["memory"] == 7


def test_completion_knows_no_hyperparameter_of_another_task(catalogue):
    space = build_space({}, network="mlp", task="digits", catalogue=catalogue)
    with pytest.raises(
        InputError, match="^unknown hyperparameter 'sequence_length'; known: depth"
    ):
        space.complete({"sequence_length": "12"})


def test_spaces_of_other_tasks_differ(catalogue):
    copy = build_space({}, network="mlp", task="copy", catalogue=catalogue)
    text = build_space({}, network="mlp", task="text", catalogue=catalogue)
    assert copy.differences(text) == ["task: was copy; now text", "memory: was 7; now absent"]


def test_reference_names_the_tasks_and_the_defaults_by_network(catalogue):
    lines = catalogue_markdown(catalogue).splitlines()
    by_name = {line.split("|")[1].strip(): line for line in lines}
    assert "| `4`; rnn: `1`; cnn: `3` |" in by_name["`depth`"]
    assert "| copy, text |" in by_name["`sequence_length`"]
    assert "| rnn, copy |" in by_name["`memory`"]
    assert "| all |" in by_name["`learning_rate`"]

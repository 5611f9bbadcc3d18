"""The catalogue obeys its own rules, so that a new line in it cannot break a study."""

from __future__ import annotations

import pickle

import pytest

from search_spaces.catalogue import CATALOGUE
from search_spaces.docs_page import catalogue_markdown
from search_spaces.space import build_space
from search_spaces.values import read_value
from study.engine.built_in import BUILT_IN_NETWORKS, BUILT_IN_TASKS


@pytest.mark.parametrize("name", CATALOGUE)
def test_default_lies_in_the_domain(name):
    each = CATALOGUE[name]
    if each.default is None:
        assert each.default_text
    else:
        value = read_value(each, each.default)
        assert value == each.default and type(value) is type(each.default)


@pytest.mark.parametrize("name", CATALOGUE)
def test_conditions_name_choices_of_an_owner_that_the_networks_have(name):
    for condition in CATALOGUE[name].conditions:
        owner = CATALOGUE[condition.owner]
        assert owner.kind == "name"
        assert set(condition.values) <= set(owner.choices)
        assert owner.networks is None or set(CATALOGUE[name].networks or ()) <= set(owner.networks)


def test_owners_do_not_own_each_other():
    def depth(name: str) -> int:
        return 1 + max((depth(c.owner) for c in CATALOGUE[name].conditions), default=0)

    assert max(map(depth, CATALOGUE)) <= len(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_networks_and_tasks_are_built_in(name):
    each = CATALOGUE[name]
    assert each.networks is None or set(each.networks) <= set(BUILT_IN_NETWORKS)
    assert each.tasks is None or set(each.tasks) <= set(BUILT_IN_TASKS)


@pytest.mark.parametrize("name", CATALOGUE)
def test_defaults_of_networks_lie_in_the_domain(name):
    each = CATALOGUE[name]
    assert set(each.network_defaults) <= set(each.networks or BUILT_IN_NETWORKS)
    for default in each.network_defaults.values():
        value = read_value(each, default)
        assert value == default and type(value) is type(default)


def test_hyperparameters_can_be_sent_to_workers():
    for each in CATALOGUE.values():
        assert pickle.loads(pickle.dumps(each)) == each


def test_reference_table_has_one_full_row_a_hyperparameter():
    lines = catalogue_markdown().splitlines()
    assert len(lines) == 2 + len(CATALOGUE)
    assert {line.count("|") for line in lines} == {9}
    momentum = next(line for line in lines if "`momentum`" in line)
    assert "a number >= 0 and < 1" in momentum and "optimizer is sgd" in momentum
    steps = next(line for line in lines if "`lr_decay_steps`" in line)
    assert "a third of the steps" in steps


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("standardize", list(CATALOGUE["standardize"].choices)),
        ("class_weights", list(CATALOGUE["class_weights"].choices)),
        ("z_loss", ["none", 1e-4]),
    ],
)
def test_what_changes_any_task_is_left_out_of_studies_that_do_not_name_it(name, values):
    # Trials of studies of before would no longer share cohorts and columns with new ones.
    plain = build_space({"depth": 2}, network="mlp", task="digits")
    assert name not in plain.metadata() and name not in plain.fixed
    given = build_space({name: values}, network="mlp", task="digits")
    assert {corner[name] for corner in given.corners()} == set(values)
    keys = {given.cohort_key(corner) for corner in given.corners()}
    assert len(keys) == len(values)

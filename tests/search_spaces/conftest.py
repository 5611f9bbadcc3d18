from __future__ import annotations

import dataclasses

import optuna
import pytest

from search_spaces.catalogue import CATALOGUE, Condition


@pytest.fixture(autouse=True)
def quiet_optuna():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture
def catalogue_with_adam():
    """A catalogue with a second optimizer, and an owner that is owned itself."""
    optimizer = dataclasses.replace(CATALOGUE["optimizer"], choices=("sgd", "adam"))
    nesterov = dataclasses.replace(
        CATALOGUE["lr_decay"],
        name="nesterov",
        choices=("no", "yes"),
        default="no",
        conditions=(Condition(owner="optimizer", values=("sgd",)),),
    )
    momentum = dataclasses.replace(
        CATALOGUE["momentum"], conditions=(Condition(owner="optimizer", values=("sgd",)),)
    )
    look_ahead = dataclasses.replace(
        CATALOGUE["momentum"],
        name="look_ahead",
        default=0.5,
        conditions=(Condition(owner="nesterov", values=("yes",)),),
    )
    # The owned ones stand before their owners here, as they may in a study file.
    return {
        "look_ahead": look_ahead,
        "nesterov": nesterov,
        **CATALOGUE,
        "optimizer": optimizer,
        "momentum": momentum,
    }

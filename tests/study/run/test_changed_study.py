"""A study that gets more seeds and longer lists while it goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis import load_trials
from search_spaces import InputError
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY
from tests.support.left_behind import optuna_trials


def run(home: Path, *changes: tuple[str, str], **keys: object) -> None:
    text = STUDY.replace("width: 16", "width: 8").replace("steps: 60", "steps: 10")
    for before, after in changes:
        text = text.replace(before, after)
    text += "".join(f"{key}: {value}\n" for key, value in keys.items())
    run_study(
        StudyConfig.from_text(text),
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )


def more(trials: int) -> tuple[str, str]:
    return ("trials: 12", f"trials: {trials}")


@pytest.mark.parametrize("sampler", ["qmc", "tpe", "boundary"])
def test_more_seeds_go_to_the_configurations_that_there_are_and_to_new_ones(
    tmp_path: Path, sampler: str
) -> None:
    run(tmp_path, more(4), sampler=sampler)
    run(tmp_path, more(18), sampler=sampler, seeds=3)
    trials = load_trials("small", home=tmp_path)
    assert trials["configuration"].value_counts().to_dict() == dict.fromkeys(range(6), 3)
    assert trials["configuration"].tolist()[:8] == [0, 1, 2, 3, 0, 0, 1, 1]
    by_configuration = trials.groupby("configuration")
    assert (by_configuration[["depth", "learning_rate"]].nunique() == 1).all(axis=None)
    assert trials["seed"].is_unique
    with pytest.raises(InputError, match="seeds: was 3, now 2 .they can be raised"):
        run(tmp_path, more(18), sampler=sampler, seeds=2)
    if sampler == "qmc":
        # The same configurations as those of a study that had one seed all along.
        run(tmp_path / "one", more(6))
        one = load_trials("small", home=tmp_path / "one")
        firsts = by_configuration["learning_rate"].first().to_numpy()
        assert np.array_equal(firsts, one["learning_rate"])


@pytest.mark.parametrize(
    "storage", [None, pytest.param("sqlite:///{}/optuna.db", marks=pytest.mark.slow)]
)
def test_a_list_of_numbers_gets_longer(tmp_path: Path, storage: str | None) -> None:
    keys = {} if storage is None else {"storage": storage.format(tmp_path)}
    run(tmp_path, **keys)
    run(tmp_path, more(24), ("depth: [1, 2]", "depth: [1, 2, 4]"), **keys)
    trials = load_trials("small", home=tmp_path)
    assert set(trials["depth"][:12]) == {1, 2} and set(trials["depth"][12:]) == {1, 2, 4}
    assert trials.attrs["hyperparameters"]["depth"]["choices"] == [1, 2, 4]
    told = optuna_trials(tmp_path, "small", keys.get("storage"))
    assert [each.params["depth"] for each in told] == trials["depth"].tolist()
    assert all(isinstance(each.params["depth"], int) for each in told)
    with pytest.raises(InputError, match="names"):
        run(tmp_path, more(30), ("activation: tanh", "activation: [tanh, relu]"), **keys)
        run(tmp_path, more(40), ("activation: tanh", "activation: [tanh, gelu]"), **keys)

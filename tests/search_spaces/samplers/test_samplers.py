"""Samplers, driven as a study drives them: ask, suggest, die, restart, go on."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import optuna
import pytest
from scipy.stats import kstest, qmc

from search_spaces import InputError, build_space, grid_size, is_adaptive, make_sampler
from search_spaces.samplers import SAMPLERS

MIXED = {
    "depth": [2, 4, 8, 16, 32],
    "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
    "weight_decay": {"low": 0.0, "high": 0.1},
    "initialization": ["he_normal", "mean_field", "orthogonal"],
    "weight_std": {"low": 0.5, "high": 2.5, "step": 0.5},
    "width": {"low": 8, "high": 64, "step": 8},
    "batch_size": {"low": 1, "high": 64, "log": True},
    "clip_norm": ["none", 0.1, 1.0],
}
CELLS = {
    "depth": [2, 4],
    "initialization": ["he_normal", "mean_field", "orthogonal"],
    "weight_std": {"low": 0.5, "high": 1.5, "step": 0.5},
    "bias_std": [0, 0.1],
    "width": {"low": 8, "high": 10},
}
# 2 depths x 3 widths, for each: two plain initializations, and one with 3 x 2 scales
CELL_COUNT = 6 * (2 + 6)


def new_study(name, space, *, seed=0, seeds=1, storage=None):
    return optuna.create_study(
        study_name="study",
        storage=storage,
        load_if_exists=True,
        sampler=make_sampler(name, space=space, seed=seed, seeds=seeds),
    )


def ask(study, space, count):
    return [space.suggest(study.ask()) for _ in range(count)]


def frozen(values):
    return tuple(sorted(values.items()))


def space_for(name):
    return build_space(CELLS if name == "grid" else MIXED, network="mlp", task="digits")


@pytest.mark.parametrize("name", ["qmc", "random", "grid"])
class TestDesigns:
    def test_same_seed_same_trials(self, name):
        space = space_for(name)
        first = ask(new_study(name, space, seed=3), space, 40)
        assert first == ask(new_study(name, space, seed=3), space, 40)
        assert first != ask(new_study(name, space, seed=4), space, 40)

    def test_restart_in_the_middle_changes_nothing(self, name):
        space = space_for(name)
        storage = optuna.storages.InMemoryStorage()
        broken = [
            values
            for count in (7, 1, 20, 12)  # each with a new sampler, as after a crash
            for values in ask(new_study(name, space, storage=storage), space, count)
        ]
        assert broken == ask(new_study(name, space), space, 40)

    def test_trial_asked_again_after_a_crash_gets_the_same_values(self, name):
        space = space_for(name)
        storage = optuna.storages.InMemoryStorage()
        expected = ask(new_study(name, space), space, 3)[2]
        study = new_study(name, space, storage=storage)
        trials = [study.ask() for _ in range(3)]
        study = new_study(name, space, storage=storage)
        assert space.suggest(optuna.trial.Trial(study, trials[2]._trial_id)) == expected

    def test_reordered_study_file_gives_the_same_trials(self, name):
        space = space_for(name)
        other = build_space(
            dict(reversed((CELLS if name == "grid" else MIXED).items())),
            network="mlp",
            task="digits",
        )
        assert ask(new_study(name, space), space, 30) == ask(new_study(name, other), other, 30)

    def test_seeds_repeat_each_configuration(self, name):
        space = space_for(name)
        singles = ask(new_study(name, space), space, 12)
        repeated = ask(new_study(name, space, seeds=3), space, 36)
        assert repeated == [values for values in singles for _ in range(3)]

    def test_values_lie_in_the_domain_and_only_where_they_apply(self, name):
        space = space_for(name)
        study = new_study(name, space)
        for values in ask(study, space, 40):
            assert ("weight_std" in values) == (values["initialization"] == "mean_field")
            assert values == space.resolve(values)
        for trial in study.trials:
            assert set(trial.params) <= set(space.axes)

    def test_nothing_to_vary(self, name):
        space = build_space({"depth": 3}, network="mlp", task="digits")
        assert ask(new_study(name, space), space, 1)[0]["depth"] == 3


class TestQmc:
    def test_choices_are_balanced_at_any_length(self):
        space = build_space(MIXED, network="mlp", task="digits")
        for count in (64, 100, 250):
            asked = ask(new_study("qmc", space), space, count)
            for name, share in (("depth", 5), ("clip_norm", 3)):
                counts = Counter(values[name] for values in asked)
                assert len(counts) == share
                assert max(counts.values()) - min(counts.values()) <= 0.1 * count / share + 3

    def test_log_range_is_even_over_decades(self):
        space = build_space(MIXED, network="mlp", task="digits")
        asked = ask(new_study("qmc", space), space, 500)
        decades = Counter(math.floor(math.log10(values["learning_rate"])) for values in asked)
        assert all(abs(decades[decade] - 100) <= 3 for decade in range(-4, 1))

    def test_is_scipys_scrambled_sobol_sequence(self):
        """Against one long draw, also past the first block of a thousand points."""
        space = build_space(
            {"weight_decay": {"low": 0, "high": 1}, "momentum": {"low": 0, "high": 0.5}},
            network="mlp",
            task="digits",
        )
        points = qmc.Sobol(2, rng=np.random.default_rng(5)).random(4096)
        sampler = make_sampler("qmc", space=space, seed=5, seeds=1)
        for configuration in (0, 1, 1023, 1024, 1025, 3000, 4095, 17):
            values = sampler._design.values(configuration)
            assert [values["momentum"] * 2, values["weight_decay"]] == points[
                configuration
            ].tolist()


class TestRandom:
    def test_is_uniform_on_the_axis(self):
        space = build_space(MIXED, network="mlp", task="digits")
        asked = ask(new_study("random", space), space, 600)
        logs = [(math.log10(values["learning_rate"]) + 4) / 5 for values in asked]
        assert kstest(logs, "uniform").pvalue > 1e-3
        whole = Counter(values["width"] for values in asked)
        assert set(whole) == set(range(8, 65, 8))
        assert all(abs(count - 75) < 4 * math.sqrt(75) for count in whole.values())

    def test_axes_are_independent(self):
        space = build_space(
            {"weight_decay": {"low": 0, "high": 1}, "momentum": {"low": 0, "high": 0.5}},
            network="mlp",
            task="digits",
        )
        asked = ask(new_study("random", space), space, 500)
        pairs = np.array([(values["weight_decay"], values["momentum"]) for values in asked])
        assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.15


class TestGrid:
    def test_every_cell_that_applies_exactly_once(self):
        space = build_space(CELLS, network="mlp", task="digits")
        assert grid_size(space) == CELL_COUNT
        asked = ask(new_study("grid", space), space, CELL_COUNT)
        cells = {frozen(values) for values in asked}
        assert len(cells) == CELL_COUNT
        plain = {(v["depth"], v["width"], v["initialization"]) for v in asked}
        assert plain == set(product([2, 4], [8, 9, 10], CELLS["initialization"]))
        scales = {(v["weight_std"], v["bias_std"]) for v in asked if "weight_std" in v}
        assert scales == set(product([0.5, 1.0, 1.5], [0.0, 0.1]))

    def test_owner_that_is_owned_itself(self, catalogue_with_adam):
        space = build_space(
            {
                "optimizer": ["sgd", "adam"],
                "nesterov": ["no", "yes"],
                "look_ahead": [0.1, 0.2, 0.3],
                "depth": [1, 2],
            },
            network="mlp",
            task="digits",
            catalogue=catalogue_with_adam,
        )
        # adam, sgd without nesterov, and three with it; each at two depths
        assert grid_size(space) == (1 + 1 + 3) * 2
        asked = ask(new_study("grid", space), space, 10)
        assert len({frozen(values) for values in asked}) == 10

    def test_order_is_shuffled(self):
        space = build_space({"depth": {"low": 1, "high": 100}}, network="mlp", task="digits")
        depths = [values["depth"] for values in ask(new_study("grid", space), space, 100)]
        assert sorted(depths) == list(range(1, 101)) and depths != sorted(depths)

    def test_steps_are_as_a_person_would_write_them(self):
        space = build_space(
            {"momentum": {"low": 0.1, "high": 0.7, "step": 0.1}}, network="mlp", task="digits"
        )
        asked = ask(new_study("grid", space), space, 7)
        assert sorted(v["momentum"] for v in asked) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("learning_rate", {"low": 0.1, "high": 1}),
            ("learning_rate", {"low": 0.1, "high": 1, "log": True}),
            ("width", {"low": 1, "high": 64, "log": True}),
        ],
    )
    def test_range_without_steps_says_what_to_do(self, name, written):
        space = build_space({"depth": [1, 2], name: written}, network="mlp", task="digits")
        with pytest.raises(InputError) as caught:
            make_sampler("grid", space=space, seed=0, seeds=1)
        text = str(caught.value)
        assert text.startswith(f"hyperparameters.{name}: a grid needs lists or ranges with a step")
        assert "list some values" in text and "sampler qmc" in text

    def test_enormous_grid_is_refused_at_once(self):
        space = build_space(
            {name: {"low": 1, "high": 10**6} for name in ("width", "batch_size")},
            network="mlp",
            task="digits",
        )
        with pytest.raises(
            InputError, match="may have 10,000,000 cells, but .* 1,000,000,000,000"
        ):
            grid_size(space)

    def test_asked_for_more_than_it_has(self):
        space = build_space({"depth": [1, 2]}, network="mlp", task="digits")
        study = new_study("grid", space, seeds=2)
        ask(study, space, 4)
        with pytest.raises(InputError, match="^trials: the grid has 2 configurations"):
            ask(study, space, 1)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
class TestTpe:
    SPACE = {
        "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
        "initialization": ["he_normal", "mean_field"],
        "weight_std": {"low": 0.5, "high": 2.5},
    }

    def run(self, study, space, count):
        asked = []
        for _ in range(count):
            trial = study.ask()
            values = space.suggest(trial)
            asked.append(values)
            study.tell(trial, abs(math.log10(values["learning_rate"]) + 2))
        return asked

    def test_restart_does_not_repeat_the_start(self):
        space = build_space(self.SPACE, network="mlp", task="digits")
        storage = optuna.storages.InMemoryStorage()
        first = self.run(new_study("tpe", space, storage=storage), space, 5)
        again = self.run(new_study("tpe", space, storage=storage), space, 5)
        rates = {values["learning_rate"] for values in first + again}
        assert len(rates) == 10

    def test_restart_gives_what_an_unbroken_study_would(self):
        space = build_space(self.SPACE, network="mlp", task="digits")
        storage = optuna.storages.InMemoryStorage()
        broken = [
            values
            for _ in range(2)
            for values in self.run(new_study("tpe", space, storage=storage), space, 15)
        ]
        assert broken == self.run(new_study("tpe", space), space, 30)

    def test_later_seeds_copy_the_configuration(self):
        space = build_space(self.SPACE, network="mlp", task="digits")
        storage = optuna.storages.InMemoryStorage()
        asked = []
        for count in (16, 1, 19):  # restarts also between two seeds of a configuration
            asked += self.run(new_study("tpe", space, seeds=3, storage=storage), space, count)
        for start in range(0, 36, 3):
            assert asked[start] == asked[start + 1] == asked[start + 2]
        assert len({frozen(values) for values in asked}) == 12

    def test_seeks_what_is_good(self):
        space = build_space(self.SPACE, network="mlp", task="digits")
        asked = self.run(new_study("tpe", space, seed=1), space, 50)

        def miss(part):
            return np.median([abs(math.log10(v["learning_rate"]) + 2) for v in part])

        assert miss(asked[-20:]) < miss(asked[:10])


def test_unknown_sampler():
    with pytest.raises(InputError) as caught:
        make_sampler("sobol", space=build_space({}, network="mlp", task="digits"), seed=0, seeds=1)
    assert (
        str(caught.value)
        == "sampler: unknown sampler 'sobol'; known: boundary, grid, qmc, random, tpe"
    )


def test_only_tpe_looks_at_results():
    assert [name for name in SAMPLERS if is_adaptive(name)] == ["tpe", "boundary"]

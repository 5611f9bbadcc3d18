"""Optuna's own tests of samplers that others write, as far as they apply."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest
from optuna.samplers import BaseSampler
from optuna.testing import pytest_samplers

from search_spaces.samplers import BoundarySampler


def early() -> BaseSampler:
    """Goes to the boundary from the third trial on, so that the model is tested too."""
    return BoundarySampler(seed=0, startup=2, every=4)


@pytest.mark.slow
class TestBasic(pytest_samplers.BasicSamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return early


@pytest.mark.slow
class TestRelative(pytest_samplers.RelativeSamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return early


@pytest.mark.slow
class TestSingleOnly(pytest_samplers.SingleOnlySamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return early


def test_one_sampler_in_several_studies_keeps_them_apart() -> None:
    sampler = early()
    for low in (0.0, 5.0):
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial, low=low: trial.suggest_float("x", low, low + 1), n_trials=6)
        assert all(low <= trial.params["x"] <= low + 1 for trial in study.trials)

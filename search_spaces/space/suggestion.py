"""The value of one axis, as Optuna suggests it."""

from __future__ import annotations

import optuna
from optuna.distributions import FloatDistribution, IntDistribution

from search_spaces.catalogue import Value
from search_spaces.space.entries import Entry
from search_spaces.space.settings import Choice


def suggest_value(trial: optuna.trial.Trial, entry: Entry) -> Value:
    """Asks Optuna for the value of an axis, which must vary.

    Args:
        trial: A running trial.
        entry: Entry of a hyperparameter that varies and applies to the trial.

    Raises:
        TypeError: If the entry is fixed.
    """
    setting = entry.setting
    if isinstance(setting, Choice):
        choice = trial.suggest_categorical(entry.name, setting.values)
        assert isinstance(choice, (int, float, str))
        return choice
    distribution = setting.distribution()
    if isinstance(distribution, IntDistribution):
        low, high, step = distribution.low, distribution.high, distribution.step
        return trial.suggest_int(entry.name, low, high, step=step, log=distribution.log)
    if isinstance(distribution, FloatDistribution):
        bounds = distribution.low, distribution.high
        return trial.suggest_float(
            entry.name, *bounds, step=distribution.step, log=distribution.log
        )
    raise TypeError(f"no way to suggest {setting!r}")

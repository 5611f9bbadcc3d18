"""The trials that a study would get, sampled in memory."""

from __future__ import annotations

import optuna
from optuna.samplers import BaseSampler

from study.ledger.plan import SearchSpaceLike
from study.trial import HyperparameterValue


def preview(
    *, sampler: BaseSampler, space: SearchSpaceLike, trials: int
) -> list[dict[str, HyperparameterValue]]:
    """Hyperparameters of the first trials; nothing is stored.

    A sampler that learns from results samples as if there were none.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler)
    return [dict(space.suggest(study.ask())) for _ in range(trials)]

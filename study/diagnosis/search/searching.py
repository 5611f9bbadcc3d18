"""From a configuration that is not stable to what was found to make it so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from study.diagnosis.search.attempt import Attempt, Remedy, Search
from study.diagnosis.search.finding import find_remedies
from study.diagnosis.single_changes import Candidate, candidates
from study.diagnosis.trained import Trained
from study.diagnosis.training import Configuration, train
from study.preflight.configuration import Preflight


def search_remedies(
    checked: Preflight,
    settings: Mapping[str, object],
    trained: Trained,
    *,
    seeds: Sequence[int],
    wanted: int,
    watch: Callable[[Sequence[Candidate], Sequence[Attempt], int], None],
    found: Callable[[Remedy], None] = lambda remedy: None,
) -> Search:
    """Looks for what makes a configuration stable that is not.

    Args:
        checked: The study file.
        settings: Hyperparameters that the person set.
        trained: What became of the configuration; not stable with all seeds.
        seeds: Those that it was trained with.
        wanted: How many remedies to look for.
        watch: Called before each round with what is tried now, with what was tried before, and
            with the number of changes that there are to try.
        found: Called with each remedy as soon as it is certain.
    """
    config, verdict = checked.config, trained.failure
    assert verdict is not None
    to_try = candidates(
        config.space,
        settings,
        steps=config.steps,
        verdict=verdict,
        grad_norm=_largest_gradient(trained.trials),
        of_task=tuple(checked.tasks.parameters),
    )

    def train_all(
        configurations: Sequence[Configuration], some: Sequence[int], steps: int
    ) -> list[Trained]:
        for values in configurations:
            checked.check(values)
        return train(checked, configurations, seeds=some, statistics="standard", steps=steps)

    return find_remedies(
        to_try,
        train_all,
        seeds=seeds,
        wanted=wanted,
        watch=lambda now, before: watch(now, before, len(to_try)),
        found=found,
    )


def _largest_gradient(trials: pd.DataFrame) -> float:
    """Returns the largest gradient norm of any step and seed; infinite if one is not finite."""
    if trials["failure_step"].notna().any() or trials["grad_norm_max"].isna().any():
        return math.inf
    return float(trials["grad_norm_max"].max())

"""The diagnosis of one configuration as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from search_spaces.catalogue import Value
from study.diagnosis.expectation import Expectation
from study.diagnosis.layer_gradients import LayerGradient
from study.diagnosis.search import Remedy, Search
from study.diagnosis.trained import Trained


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a verdict was given, as the sentence of a typical seed.

    Attributes:
        verdict: It.
        seeds: Number of seeds that have it.
        text: The sentence of the one whose gradient ratio is the median of theirs.
    """

    verdict: str
    seeds: int
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """What became of one configuration with several seeds, why, and what would help.

    Attributes:
        study: Name of the study file's study.
        task: The task's name.
        network: The network's name.
        metric: What the task's metric is called.
        steps_planned: Optimizer steps of each trial.
        trained: The configuration and the rows of its three tables.
        explanations: One a verdict, the most frequent first.
        gradients: The gradient by layer, median over seeds.
        expectation: What theory predicts beside what was measured.
        flags: What else was noticed, number of seeds each.
        alarms: Published rules that would have fired, number of seeds each.
        search: What was tried to make it stable; None where nothing was: it is stable, or no
            remedies were asked for.
        notices: What the task's data and its first loss and gradient say before any training.
    """

    study: str
    task: str
    network: str
    metric: str
    steps_planned: int
    trained: Trained
    explanations: tuple[Explanation, ...]
    gradients: tuple[LayerGradient, ...]
    expectation: Expectation
    flags: Mapping[str, int]
    alarms: Mapping[str, int]
    search: Search | None
    notices: tuple[str, ...] = ()

    @property
    def hyperparameters(self) -> Mapping[str, Value]:
        """The configuration, defaults included."""
        return self.trained.hyperparameters

    @property
    def trials(self) -> pd.DataFrame:
        """One row a seed, as in the trials table."""
        return self.trained.trials

    @property
    def steps(self) -> pd.DataFrame:
        """One row a seed and recorded step, as in the steps table."""
        return self.trained.steps

    @property
    def layers(self) -> pd.DataFrame:
        """One row a seed, recorded step and layer, as in the layers table."""
        return self.trained.layers

    @property
    def verdicts(self) -> dict[str, int]:
        """Number of seeds by verdict, the most frequent first."""
        return self.trained.verdicts

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """Changes that make it stable, the smallest first; each was trained with all seeds."""
        return () if self.search is None else self.search.remedies

"""The diagnosis of one configuration as a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from search_spaces.catalogue import Value
from study.diagnosis.expectation import Expectation
from study.diagnosis.layer_gradients import LayerGradient
from study.diagnosis.search import Remedy, Search
from study.diagnosis.trained import Trained
from study.tables.schema import CAUSES
from study.verdicts import Cause


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Seeds whose end is put down to one cause, and the sentence of a typical one of them.

    Attributes:
        cause: What it is put down to.
        verdicts: Number of them by verdict, the most frequent first.
        trial: The typical one: of those with the most frequent verdict, the one whose gradient
            ratio is the median.
        text: Its sentence.
    """

    cause: str
    verdicts: Mapping[str, int]
    trial: int
    text: str

    @property
    def verdict(self) -> str:
        """The most frequent one."""
        return next(iter(self.verdicts))

    @property
    def seeds(self) -> int:
        """How many they are."""
        return sum(self.verdicts.values())

    @property
    def headline(self) -> str:
        """Verdict and cause in plain words: "stalled because ...", or "failed" for several."""
        verdict = self.verdict if len(self.verdicts) == 1 else "failed"
        return f"{verdict}{_because(self.cause)}"

    @property
    def summary(self) -> str:
        """The headline, and how many have each verdict where they have several."""
        if len(self.verdicts) == 1:
            return self.headline
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        return f"{self.headline} ({counts})"


def explanations(trials: pd.DataFrame) -> tuple[Explanation, ...]:
    """Groups seeds by cause, the most frequent first.

    Args:
        trials: Rows of the trials table, a seed each.
    """
    causes = Counter(trials["cause"]).most_common()
    return tuple(_explanation(trials[trials["cause"] == cause]) for cause, _ in causes)


def _explanation(alike: pd.DataFrame) -> Explanation:
    verdicts = dict(Counter(alike["verdict"]).most_common())
    order = alike[alike["verdict"] == next(iter(verdicts))].sort_values(
        ["delta_ratio_final", "metric_final"], kind="stable"
    )
    typical = order.iloc[(len(order) - 1) // 2]
    return Explanation(
        cause=str(typical["cause"]),
        verdicts=verdicts,
        trial=int(typical["trial"]),
        text=str(typical["explanation"]),
    )


def _because(cause: str) -> str:
    if cause == Cause.NONE:
        return ""
    meaning = CAUSES[cause]
    return f", and {meaning}" if cause == Cause.UNKNOWN else f" because {meaning}"


def noticed(trials: pd.DataFrame, column: str) -> dict[str, int]:
    """Counts the names that a column of lists holds, by the rows that hold them."""
    if column not in trials:
        return {}
    names = [name for text in trials[column].dropna() for name in text.split(",") if name]
    return dict(Counter(names).most_common())


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """What became of one configuration with several seeds, why, and what would help.

    Attributes:
        study: Name of the study file's study.
        task: The task's name.
        network: The network's name.
        metric: What the task's metric is called.
        steps_planned: Optimizer steps of each trial.
        seeds_planned: Seeds to train it with; more than it has while it is made.
        trained: The configuration and the rows of its three tables.
        explanations: One a cause, the most frequent first.
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
    seeds_planned: int
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
    def causes(self) -> dict[str, int]:
        """Number of seeds by cause, the most frequent first."""
        return dict(Counter(self.trials["cause"]).most_common())

    @property
    def interrupted(self) -> bool:
        """Whether something is missing because the person ended it."""
        if self.trained.seeds < self.seeds_planned:
            return True
        return self.search is not None and self.search.interrupted

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """Changes that make it stable, the smallest first; each was trained with all seeds."""
        return () if self.search is None else self.search.remedies

"""One configuration, trained with several seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from search_spaces.catalogue import Value
from study.verdicts import Verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What training one configuration with several seeds gave: the rows of the three tables.

    Attributes:
        hyperparameters: Its configuration.
        trials: One row a seed, in the order of the seeds.
        steps: One row a seed and recorded step.
        layers: One row a seed, recorded step and layer; none where nothing was measured.
    """

    hyperparameters: Mapping[str, Value]
    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame

    @property
    def seeds(self) -> int:
        """How many seeds it was trained with."""
        return len(self.trials)

    @property
    def verdicts(self) -> dict[str, int]:
        """Number of seeds by verdict, the most frequent first."""
        return dict(Counter(self.trials["verdict"]).most_common())

    @property
    def stable(self) -> int:
        """Seeds with which it is stable."""
        return self.verdicts.get(Verdict.STABLE, 0)

    @property
    def stable_rows(self) -> list[bool]:
        """Of each seed whether it is stable."""
        return [verdict == Verdict.STABLE for verdict in self.trials["verdict"]]

    @property
    def failure(self) -> str | None:
        """The most frequent verdict that is not stable; None if it always is."""
        failures = [name for name in self.verdicts if name != Verdict.STABLE]
        return failures[0] if failures else None

    @property
    def metric(self) -> float:
        """Median over seeds of the task's metric at the end; NaN where it is none."""
        return float(self.trials["metric_final"].median(skipna=False))

    @property
    def seconds(self) -> float:
        """Median over seeds of what the training of one took."""
        return float(self.trials["train_seconds"].median())

    def __add__(self, other: Trained) -> Trained:
        """Joins the seeds of both, those of the other numbered on."""
        parts = ("trials", "steps", "layers")
        later = {name: getattr(other, name) for name in parts}
        frames = {
            name: pd.concat(
                [getattr(self, name), frame.assign(trial=frame["trial"] + self.seeds)],
                ignore_index=True,
            )
            for name, frame in later.items()
        }
        return Trained(hyperparameters=self.hyperparameters, **frames)

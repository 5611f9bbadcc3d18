"""One configuration, trained with several seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

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
        metric_name: What its metric is called; a change may be measured by another one.
    """

    hyperparameters: Mapping[str, Value]
    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame
    metric_name: str

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
    def chance(self) -> float:
        """The metric of the best constant prediction."""
        return float(self.trials["metric_chance"].iloc[0])

    @property
    def seconds(self) -> float:
        """Median over seeds of what the training of one took."""
        return float(self.trials["train_seconds"].median())

    @property
    def progress(self) -> float:
        """Median over seeds of the final metric's way from chance (0) to the ceiling (1).

        NaN where the metric is none.
        """
        chance = self.trials["metric_chance"]
        way = (self.trials["metric_final"] - chance) / (self.trials["metric_ceiling"] - chance)
        return float(way.median(skipna=False))

    @property
    def endurance(self) -> float:
        """0 where training stays finite with most seeds; else below, the sooner it fails."""
        steps = self.trials["failure_step"].astype("float64").fillna(math.inf)
        return -1.0 / (1.0 + float(steps.median()))

    @property
    def gradient_decades(self) -> float:
        """How many decades gradients lie from passing all layers alike; infinite if unknown."""
        ratio = float(self.trials["delta_ratio_final"].astype("float64").median())
        return abs(math.log10(ratio)) if 0 < ratio < math.inf else math.inf

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
        return replace(self, **frames)

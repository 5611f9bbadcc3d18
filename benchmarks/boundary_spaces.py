"""Search spaces of trained networks for stability_model.py, and the labels of their trials.

Labels are made by the product itself: the trainer of a study, on cohorts, in this process. They
are kept as Parquet, so that a second run trains nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from search_spaces import trial_seed
from search_spaces.catalogue import Value
from search_spaces.samplers.cube import RandomDesign, SobolDesign
from search_spaces.samplers.design import Design
from search_spaces.space import SearchSpace
from study import StudyConfig
from study.dispatch.cohorts import COHORT_LIMIT
from study.ledger import objective_value
from study.preflight.configuration import Preflight, preflight
from study.run.trainer import study_trainer
from study.trial import Cohort, Trial
from study.worker.cohort_trainer import CohortTrainer

_READ = ["trial", "verdict", "loss_initial", "loss_final"]

DIGITS_MLP = {
    "depth": [2, 4, 8, 16],
    "activation": ["sigmoid", "tanh", "relu", "gelu", "selu"],
    "initialization": ["small_normal", "xavier_normal", "he_normal", "orthogonal"],
    "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
    "lr_decay": ["constant", "exponential", "step", "cosine"],
    "weight_decay": {"low": 1e-6, "high": 0.1, "log": True},
    "clip_norm": ["none", 0.1, 1.0, 10.0],
    "width": 16,
    "batch_size": 32,
    "optimizer": "sgd",
    "momentum": 0.9,
}
"""The seven hyperparameters of the preset, on networks small enough for thousands of trials."""

RESIDUAL_MLP = {
    "depth": [2, 5, 12],
    "connections": ["none", "residual"],
    "activation": ["tanh", "relu"],
    "initialization": ["he_normal", "orthogonal", "mean_field"],
    "weight_std": {"low": 0.3, "high": 4.0, "log": True},
    "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
    "momentum": {"low": 0.0, "high": 0.98},
    "clip_norm": ["none", 1.0],
    "width": 16,
    "batch_size": 32,
}
"""`weight_std` applies to the initialization mean_field alone."""

ADDING_RNN = {
    "sequence_length": [3, 5, 8],
    "activation": ["tanh", "relu"],
    "recurrent_initialization": ["same", "orthogonal", "identity"],
    "recurrent_gain": {"low": 0.5, "high": 2.0, "log": True},
    "initialization": "xavier_normal",
    "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
    "momentum": {"low": 0.0, "high": 0.98},
    "clip_norm": ["none", 1.0],
    "width": 16,
    "batch_size": 32,
}

ADDING_GRU = {
    "depth": [1, 2],
    "optimizer": ["sgd", "adam"],
    "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
    "recurrent_gain": {"low": 0.3, "high": 4.0, "log": True},
    "init_gain": {"low": 0.3, "high": 3.0, "log": True},
    "clip_norm": ["none", 1.0],
    "sequence_length": [3, 6],
    "momentum": 0.9,
    "width": 16,
    "batch_size": 32,
}
"""Nothing of the model was chosen by it: what it shows is shown once, after all choices."""


@dataclass(frozen=True, kw_only=True)
class LabelledSpace:
    """A space, and what labels its trials.

    Attributes:
        name: Of its files.
        config: The study file that its trials are trained by.
    """

    name: str
    config: StudyConfig

    @property
    def space(self) -> SearchSpace:
        """What varies."""
        return self.config.space

    @cached_property
    def checked(self) -> Preflight:
        """The study, tried once."""
        return preflight(self.config)

    @cached_property
    def trainer(self) -> CohortTrainer:
        """What a worker does with its cohorts."""
        return study_trainer(self.checked)

    def labels(
        self, settings: Mapping[int, Mapping[str, object]], *, seed: int
    ) -> dict[int, tuple[str, float]]:
        """Trains trials and labels them.

        Args:
            settings: Values on the axes (Optuna's `params`) by trial number.
            seed: Of the study that they would be trials of.

        Returns:
            Verdict and told value by trial number.
        """
        groups = defaultdict(list)
        for number, params in settings.items():
            values = self.space.resolve(params)
            trial = Trial(
                number=number,
                configuration=number,
                seed=trial_seed(seed, number),
                hyperparameters=values,
            )
            groups[self.space.cohort_key(values)].append(trial)
        found: dict[int, tuple[str, float]] = {}
        for trials in groups.values():
            for start in range(0, len(trials), COHORT_LIMIT):
                some = tuple(trials[start : start + COHORT_LIMIT])
                tables = self.trainer.train(Cohort(number=0, trials=some, attempt=0))
                for row in tables.trials.select(_READ).to_pylist():
                    told = objective_value(row["loss_final"], row["loss_initial"])
                    found[row["trial"]] = (row["verdict"], told)
        return found


def _space(name: str, **study: object) -> LabelledSpace:
    fixed = {"study": name, "trials": 1, "statistics": "minimal"}
    return LabelledSpace(name=name, config=StudyConfig(**fixed, **study))


def labelled_spaces() -> dict[str, LabelledSpace]:
    """The spaces by name, the one that nothing was chosen by last."""
    spaces = [
        _space("digits-mlp", task="digits", network="mlp", steps=150, hyperparameters=DIGITS_MLP),
        _space(
            "residual-mlp", task="digits", network="mlp", steps=100, hyperparameters=RESIDUAL_MLP
        ),
        _space("adding-rnn", task="adding", network="rnn", steps=100, hyperparameters=ADDING_RNN),
        _space("adding-gru", task="adding", network="gru", steps=100, hyperparameters=ADDING_GRU),
    ]
    return {each.name: each for each in spaces}


def applying(space: SearchSpace, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values on the axes that apply, as Optuna keeps them."""
    resolved = space.resolve(values)
    return {name: resolved[name] for name in space.axes if name in resolved}


def pool(
    labelled: LabelledSpace, *, design: str, seed: int, trials: int, cache: Path
) -> pd.DataFrame:
    """The first trials of a design that knows no results, labelled; kept for the next time.

    Args:
        labelled: The space.
        design: random or qmc, as the study file's sampler.
        seed: Of the study.
        trials: How many.
        cache: Folder of the Parquet files.

    Returns:
        One row a trial: its axes (missing where they do not apply) and `verdict`.
    """
    file = cache / f"{labelled.name}-{design}-{seed}.parquet"
    known = pd.read_parquet(file) if file.exists() else pd.DataFrame()
    if len(known) >= trials:
        return known.head(trials)
    axes = labelled.space.axes
    designs: dict[str, type[RandomDesign] | type[SobolDesign]] = {
        "random": RandomDesign,
        "qmc": SobolDesign,
    }
    points: Design = designs[design](axes=axes, seed=seed)
    settings = {
        number: applying(labelled.space, points.values(number))
        for number in range(len(known), trials)
    }
    labels = labelled.labels(settings, seed=seed)
    verdicts = [labels[number][0] for number in settings]
    new = trials_frame(labelled, list(settings.values()), verdicts)
    whole = pd.concat([known, new], ignore_index=True) if len(known) else new
    write(whole, file)
    return whole


def trials_frame(
    labelled: LabelledSpace,
    settings: Sequence[Mapping[str, object]],
    verdicts: Sequence[str],
) -> pd.DataFrame:
    """Trials as a table; choices as text, so that columns have one type."""
    columns = {}
    for name, axis in labelled.space.axes.items():
        values = [each.get(name) for each in settings]
        if hasattr(axis, "choices") and any(isinstance(one, str) for one in axis.choices):
            values = [None if one is None else str(one) for one in values]
        columns[name] = values
    return pd.DataFrame({**columns, "verdict": list(verdicts)})


def as_trials(table: pd.DataFrame, space: LabelledSpace) -> pd.DataFrame:
    """A pool as a trials table has it: +inf where nothing is clipped."""
    numbered = table.assign(trial=np.arange(len(table)), configuration=np.arange(len(table)))
    for name, axis in space.space.axes.items():
        numbers = [each for each in getattr(axis, "choices", ()) if each != "none"]
        if numbers and not any(isinstance(each, str) for each in numbers):
            numbered[name] = numbered[name].replace("none", np.inf).astype(float)
    numbered.attrs = {"hyperparameters": space.space.metadata()}
    return numbered


def write(table: pd.DataFrame, file: Path) -> None:
    """Writes to a temporary name and moves."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".part")
    table.to_parquet(temporary)
    temporary.replace(file)

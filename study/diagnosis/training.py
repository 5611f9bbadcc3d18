"""Training configurations with the same seeds, in cohorts where they fit together."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping, Sequence

import pandas as pd

from search_spaces.catalogue import Value
from search_spaces.errors import InputError
from study.diagnosis.trained import Trained
from study.dispatch import cohort_limit
from study.errors import TrainingError
from study.own_code import text_of, with_line
from study.preflight.configuration import Preflight
from study.run.trainer import study_trainer
from study.trial import Cohort, Trial

Configuration = Mapping[str, Value]


def train(
    checked: Preflight,
    configurations: Sequence[Configuration],
    *,
    seeds: Sequence[int],
    statistics: str,
    steps: int | None = None,
) -> list[Trained]:
    """Trains each configuration with each seed, as the study itself would train these trials.

    Args:
        checked: The study file.
        configurations: Complete ones.
        seeds: At least one.
        statistics: What is measured; no tier changes the training.
        steps: Optimizer steps of each trial; None is the study file's number.

    Returns:
        One result a configuration, in their order; trials are numbered by seed, from 0.

    Raises:
        InputError: If the task cannot be made.
        TrainingError: If training raises, which a network of the person's own may.
    """
    steps = checked.config.steps if steps is None else steps
    trained: dict[int, Trained] = {}
    for indices in _cohorts(checked, configurations, len(seeds)):
        together = [configurations[index] for index in indices]
        results = _train_cohort(checked, together, seeds, statistics, steps)
        trained.update(zip(indices, results, strict=True))
    return [trained[index] for index in range(len(configurations))]


def _cohorts(
    checked: Preflight, configurations: Sequence[Configuration], seeds: int
) -> Iterator[list[int]]:
    """Yields indices of configurations that are trained together."""
    groups: dict[Hashable, list[int]] = {}
    for index, values in enumerate(configurations):
        groups.setdefault(checked.config.space.cohort_key(values), []).append(index)
    at_once = max(1, cohort_limit(checked.config.resources.training_gpus) // seeds)
    for indices in groups.values():
        for start in range(0, len(indices), at_once):
            yield indices[start : start + at_once]


def _train_cohort(
    checked: Preflight,
    configurations: Sequence[Configuration],
    seeds: Sequence[int],
    statistics: str,
    steps: int,
) -> list[Trained]:
    trials = tuple(
        Trial(
            number=index * len(seeds) + number,
            configuration=index,
            seed=seed,
            hyperparameters=values,
        )
        for index, values in enumerate(configurations)
        for number, seed in enumerate(seeds)
    )
    trainer = study_trainer(checked, _columns(configurations))
    try:
        trainer = dataclasses.replace(
            trainer, statistics=statistics, sharpness_steps=None, steps=steps
        )
        tables = trainer.train(Cohort(number=0, trials=trials))
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException as error:  # Own code may call sys.exit.
        raise TrainingError(with_line(f"training failed: {text_of(error)}", error)) from error
    frames = {name: getattr(tables, name).to_pandas() for name in ("trials", "steps", "layers")}
    return [
        Trained(
            hyperparameters=dict(values),
            metric_name=checked.tasks.task(values).metric_name,
            **{name: _rows(frame, index, len(seeds)) for name, frame in frames.items()},
        )
        for index, values in enumerate(configurations)
    ]


def _columns(configurations: Sequence[Configuration]) -> dict[str, dict[str, object]]:
    """Returns the hyperparameters as the tables' metadata has them."""
    names = dict.fromkeys(name for values in configurations for name in values)
    return {
        name: {
            "kind": "choice",
            "choices": list(dict.fromkeys(v[name] for v in configurations if name in v)),
        }
        for name in names
    }


def _rows(frame: pd.DataFrame, index: int, seeds: int) -> pd.DataFrame:
    """Returns the rows of one configuration, its trials numbered from 0."""
    mine = frame[frame["trial"] // seeds == index]
    renumbered = mine.assign(trial=mine["trial"] - index * seeds).reset_index(drop=True)
    return renumbered.assign(configuration=0) if "configuration" in frame else renumbered

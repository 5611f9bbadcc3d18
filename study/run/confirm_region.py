"""Fresh trials inside a box that a report recommends: is it as safe as the report says?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from search_spaces.catalogue import Value
from search_spaces.errors import InputError
from search_spaces.samplers.box import BoxDesign
from study.dispatch import cohort_limit
from study.errors import TrainingError
from study.paths import StudyPaths
from study.preflight.configuration import Preflight, preflight
from study.run.trainer import study_trainer
from study.study_file import StudyConfig
from study.study_file.loading import read_study_text
from study.tables.files import write_part
from study.trial import Cohort, Trial

STREAM = 0xC0F1
"""Sets the seeds of fresh trials apart from those of the study's own, which are numbered too."""

AT_ONCE = 16
"""Trials of one cohort, so that there is progress to show."""

Watch = Callable[[int, int, int], None]
"""Told how many are trained, of how many, and how many of them are stable."""


def confirm(
    paths: StudyPaths,
    where: Mapping[str, Any],
    number: int,
    *,
    promised: float,
    code: Sequence[Path] = (),
    watch: Watch = lambda done, total, stable: None,
) -> int:
    """Trains fresh trials in a box until there are `number` of them; keeps them beside the study.

    Each has a configuration and a seed of its own that no trial of the study has. They are drawn
    uniformly from the part of the study file's space that lies in the box. Nothing of the study
    changes: not its tables, not Optuna, not MLflow. Those that were trained before for the same
    box count.

    Args:
        paths: Files of the study. Paths among its task's options, where relative, begin here.
        where: The box, see `search_spaces.samplers.box`.
        number: Trials wanted, >= 1.
        promised: Bound on the box's purity that it is to be held against; kept with the trials.
        code: Folders of the person's own modules.
        watch: Called before the first training and after each.

    Returns:
        How many were trained now.

    Raises:
        InputError: If the stored study file is missing, or names what cannot be loaded here, or
            the box does not fit it.
        TrainingError: If training raises.
    """
    config = _stored_config(paths)
    key = json.dumps(dict(where), ensure_ascii=False)
    before = _kept(paths.confirmation)
    have, stable = _of_box(before, key)
    missing = [index for index in range(number) if index not in have]
    checked = preflight(config, code=code)
    trials = _trials(config, where, missing)
    for trial in trials:
        checked.check(trial.hyperparameters)
    done = number - len(missing)
    watch(done, number, stable)
    for cohort in _cohorts(checked, trials):
        table = _train(checked, cohort)
        table = table.append_column("box", pa.array([key] * len(table), pa.string()))
        table = table.append_column("promised", pa.array([promised] * len(table), pa.float64()))
        before = table if before is None else _joined(before, table)
        write_part(paths.confirmation, before)
        done += len(table)
        stable += table.column("verdict").to_pylist().count("stable")
        watch(done, number, stable)
    return len(missing)


def _stored_config(paths: StudyPaths) -> StudyConfig:
    """The study file as it was last run; without a folder of its own, so that paths begin here."""
    if not paths.study_file.exists():
        raise InputError(
            f"fresh trials need the study file as it was run, but {paths.study_file} is missing; "
            "put a copy there"
        )
    try:
        return StudyConfig.from_text(read_study_text(paths.study_file))
    except InputError as error:
        raise error.inside(file=str(paths.study_file)) from None


def _trials(config: StudyConfig, where: Mapping[str, Any], numbers: Sequence[int]) -> list[Trial]:
    """The fresh trials of these numbers, each a pure function of box, study and number."""
    entropy = [config.seed, STREAM, *json.dumps(dict(where)).encode()]
    design = BoxDesign(
        space=config.space,
        where=where,
        seed=int(np.random.SeedSequence(entropy).generate_state(1)[0]),
    )
    return [
        Trial(
            number=number,
            configuration=number,
            seed=int(np.random.SeedSequence([*entropy, number]).generate_state(1)[0]) >> 1,
            hyperparameters=design.configuration(number),
        )
        for number in numbers
    ]


def _cohorts(checked: Preflight, trials: Sequence[Trial]) -> Iterator[Cohort]:
    groups: dict[Hashable, list[Trial]] = {}
    for trial in trials:
        values: Mapping[str, Value] = trial.hyperparameters
        groups.setdefault(checked.config.space.cohort_key(values), []).append(trial)
    most = min(AT_ONCE, cohort_limit(checked.config.resources.training_gpus))
    for together in groups.values():
        for start in range(0, len(together), most):
            yield Cohort(number=0, trials=tuple(together[start : start + most]))


def _train(checked: Preflight, cohort: Cohort) -> pa.Table:
    try:
        return study_trainer(checked).train(cohort).trials
    except InputError:
        raise
    except Exception as error:
        raise TrainingError(f"training failed: {type(error).__name__}: {error}") from error


def _kept(path: Path) -> pa.Table | None:
    return pq.read_table(path) if os.path.exists(path) else None


def _of_box(table: pa.Table | None, key: str) -> tuple[set[int], int]:
    """Numbers of the trials of a box that there are, and how many of them are stable."""
    if table is None:
        return set(), 0
    mine = table.filter(pc.equal(table.column("box"), key))
    return set(mine.column("trial").to_pylist()), mine.column("verdict").to_pylist().count(
        "stable"
    )


def _joined(before: pa.Table, table: pa.Table) -> pa.Table:
    """All rows; the study's columns may have changed since the earlier ones."""
    joined = pa.concat_tables([before, table], promote_options="permissive")
    return joined.replace_schema_metadata(table.schema.metadata)

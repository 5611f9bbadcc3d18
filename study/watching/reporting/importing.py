"""One study of the tables of many watched runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from search_spaces.errors import InputError
from study.paths import StudyPaths
from study.tables import (
    LAYERS,
    STEPS,
    CohortTables,
    StudyMetadata,
    TableStore,
    to_arrow,
    trial_columns,
)
from study.tables.home import tables_folder
from study.tables.metadata import WATCHED

_UNTOLD = ("warmup_steps",)
"""Settings that a watch reads off a run; they are no choice of whoever made it."""


def import_into(home: Path, study: str, folders: Sequence[Path]) -> tuple[list[str], int]:
    """Adds runs to a study of watched runs, which is made where there is none.

    Args:
        home: The home folder.
        study: The study's name.
        folders: Of the runs.

    Returns:
        Verdicts of the runs that are new, and how many the study has now.

    Raises:
        InputError: If the home has a study of this name that is none of watched runs.
        TableError: If a run's file is damaged.
    """
    paths = StudyPaths(home=home, study=study)
    store = TableStore(paths.tables)
    known = store.read_trials()
    if len(known) and known.attrs.get("task") != WATCHED:
        raise InputError(f"{study!r} is a study of its own; choose another name for the runs")
    paths.create()
    parts = set(store.trials_by_part())
    runs = [_Run(folder) for folder in folders]
    new = [run for run in dict.fromkeys(runs) if run.part not in parts]
    settings = _settings([known, *(run.trials for run in new)])
    verdicts: list[str] = []
    number = int(known["trial"].max()) + 1 if len(known) else 0
    for run in new:
        store.write(run.tables(study, settings, number), run.part)
        number += len(run.trials)
        verdicts += run.trials["verdict"].tolist()
    return verdicts, number


class _Run:
    """The tables of one run."""

    def __init__(self, folder: Path) -> None:
        store = TableStore(tables_folder(folder))
        self.trials = store.read_trials()
        self._steps, self._layers = store.read_steps(), store.read_layers()
        self.part = f"run-{self.trials.attrs['task_options']['run']}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Run) and other.part == self.part

    def __hash__(self) -> int:
        return hash(self.part)

    def tables(
        self, study: str, settings: Mapping[str, Mapping[str, Any]], first: int
    ) -> CohortTables:
        """Returns them with trials numbered from `first`, as tables of the study."""
        attrs = self.trials.attrs
        metadata = StudyMetadata(
            study=study,
            task=WATCHED,
            network=attrs["network"],
            hyperparameters=settings,
            thresholds=attrs["thresholds"],
            metric=attrs["metric"],
        )
        trials = self.trials.assign(
            trial=self.trials["trial"] + first,
            configuration=self.trials["configuration"] + first,
            **{name: None for name in settings if name not in self.trials},
        )
        steps, layers = (
            frame.assign(trial=frame["trial"] + first) for frame in (self._steps, self._layers)
        )
        return CohortTables(
            trials=to_arrow(trials, trial_columns(metadata, trials), metadata),
            steps=to_arrow(steps, STEPS, metadata),
            layers=to_arrow(layers, LAYERS, metadata),
        )


def _settings(frames: Sequence[pd.DataFrame]) -> dict[str, Mapping[str, Any]]:
    """What the runs' settings are together: fixed, a range of numbers, or a choice."""
    names = dict.fromkeys(
        name for frame in frames for name in frame.attrs.get("hyperparameters", {})
    )
    found: dict[str, Mapping[str, Any]] = {}
    for name in names:
        values = [
            value
            for frame in frames
            if name in frame
            for value in frame[name].tolist()
            if not pd.isna(value)
        ]
        distinct = list(dict.fromkeys(values))
        numbers = [value for value in distinct if _is_number(value)]
        if len(distinct) <= 1 or name in _UNTOLD:
            found[name] = {"kind": "fixed", "value": distinct[0] if distinct else None}
        elif len(numbers) == len(distinct) and len(numbers) > 4:
            low, high = min(numbers), max(numbers)
            found[name] = {
                "kind": "range",
                "low": low,
                "high": high,
                "log": low > 0 and high > 30 * low,
            }
        else:
            found[name] = {"kind": "choice", "choices": distinct}
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

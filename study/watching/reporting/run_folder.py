"""A watched run on disk: the three tables of a study with this run alone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from study.tables import LAYERS, STEPS, StudyMetadata, to_arrow, trial_columns
from study.tables.files import part_path, write_part
from study.tables.home import tables_folder
from study.tables.metadata import WATCHED
from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS
from study.verdicts import DEFAULT
from study.watching.reporting.goal import METRIC

PART = "run"

PAUSE_S = 30.0
"""Seconds between two writings of a run that goes on; the last one is at its end."""

_TAKEN = {column.name for column in (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)}


class RunFolder:
    """Writes the tables of one run, again and again as it goes on.

    Args:
        folder: Where; if it holds a run already, this one goes beside it, with a number.
        network: What is trained, for people.

    Attributes:
        folder: Where the run is kept.
    """

    def __init__(self, folder: Path, network: str) -> None:
        self.folder = free_folder(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._network = network
        self._run = uuid.uuid4().hex
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to write what is known by now."""
        return time.monotonic() - self._written > PAUSE_S

    def write(self, trials: pd.DataFrame, steps: pd.DataFrame, layers: pd.DataFrame) -> None:
        """Writes the tables; those of before are replaced.

        Raises:
            TableWriteError: If the system refuses.
        """
        trials, settings = _with_settings(trials)
        metadata = StudyMetadata(
            study=self.folder.name,
            task=WATCHED,
            network=self._network,
            hyperparameters=settings,
            thresholds=DEFAULT.to_dict(),
            task_options={"run": self._run},
            metric=METRIC,
        )
        tables = tables_folder(self.folder)
        columns = trial_columns(metadata)
        for name, frame, schema in (
            ("layers", layers, LAYERS),
            ("steps", steps, STEPS),
            ("trials", trials, columns),
        ):
            # What a watch does not know of a run is null.
            known = frame.reindex(columns=[column.name for column in schema])
            write_part(part_path(tables / name, PART), to_arrow(known, schema, metadata))
        self._written = time.monotonic()


def free_folder(folder: Path) -> Path:
    """Returns the folder, or the first of `folder-2`, `folder-3` ... that holds no run."""
    free, number = folder, 1
    while tables_folder(free).exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free


def _with_settings(
    trials: pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, Mapping[str, object]]]:
    """The trials, and what their settings are: columns that are none of the schema."""
    frame = trials.copy()
    settings: dict[str, Mapping[str, object]] = {}
    for name in [str(name) for name in frame.columns if name not in _TAKEN]:
        values = [value for value in frame[name].tolist() if not pd.isna(value)]
        settings[name] = (
            {"kind": "fixed", "value": values[0]}
            if len(set(values)) == 1
            else {"kind": "choice", "choices": list(dict.fromkeys(values))}
        )
    return frame, settings

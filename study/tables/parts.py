"""The tables of a study on disk: parts that are written once and never change.

    <folder>/{trials,steps,layers}/part-<name>.parquet    rows of one cohort; trials come last
    <folder>/runs/part-<name>.parquet                     trial -> MLflow run

A part counts when its `trials` file is there: that file is the commit mark. Rows of `steps` or
`layers` without it belong to a write that never finished, and no reader sees them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

from study.errors import TableError
from study.tables.bundle import CohortTables
from study.tables.files import part_path, write_part
from study.tables.former_labels import in_words_of_today, verdict_of_today
from study.tables.frames import to_frame
from study.tables.index import PartIndex
from study.tables.merging import empty_series, empty_trials, merge_series, merge_trials
from study.tables.metadata import attach, metadata_of
from study.tables.reading import SeriesStream, read_rows, shares, stream_series
from study.tables.runs import RunParts
from study.tables.staging import Staging

if TYPE_CHECKING:
    import pandas as pd

_ORDER = {"layers": ("trial", "step", "layer"), "steps": ("trial", "step"), "trials": ("trial",)}
"""Tables in the order of writing, with the order of their rows."""


class TableStore:
    """Tables of one study in a folder; opening it creates nothing.

    Several processes may read while one writes. What a driver calls while it runs, `write`,
    `write_runs`, `recorded_runs` and `bundle_of`, may be called from several threads.

    Args:
        folder: Folder of the tables, with one folder a table.
        staging: Staging folder of the process that holds the study; readers need none.
    """

    def __init__(self, folder: Path, staging: Staging | None = None) -> None:
        self.folder = Path(folder)
        self._staging = staging
        self._lock = threading.Lock()
        self._index = PartIndex(self.folder / "trials")
        self._runs = RunParts(self.folder / "runs", staging)

    def write(self, bundle: CohortTables, name: str) -> set[int]:
        """Records a cohort's trials: all of them or, after a crash or an error, none.

        Trials that are recorded already are left as they are, so writing again does nothing.

        Args:
            bundle: The cohort's tables.
            name: Name of the part; letters, digits, '-', '_', '.'; unique in the study.

        Returns:
            The trials that this call recorded.

        Raises:
            TableError: If the name is taken by a part with other trials.
            TableWriteError: If the system refuses to write; nothing is recorded then.
        """
        with self._lock:
            self._index.ensure()
            new = {trial for trial in bundle.trial_numbers if not self._index.holds(trial)}
            if new:
                self._write_new(bundle, new, name)
            return new

    def write_runs(self, runs: Mapping[int, str]) -> None:
        """Records the MLflow runs of trials; of a trial that has one already the new one counts.

        Args:
            runs: MLflow run id by trial.

        Raises:
            TableWriteError: If the system refuses to write.
        """
        with self._lock:
            self._runs.write(runs)

    def recorded_trials(self) -> set[int]:
        """Numbers of the trials whose rows are safe on disk; reads only parts that are new."""
        self._index.refresh()
        return self._index.trials()

    def check_study(self, study: str) -> None:
        """Looks whether all parts are this study's, as their metadata say.

        Raises:
            TableError: If one is another's.
        """
        self._index.refresh()
        self._refuse_others(study)

    def recorded_runs(self) -> dict[int, str]:
        """MLflow run id of each delivered trial; reads only parts that are new."""
        with self._lock:
            return self._runs.read()

    def trials_by_part(self) -> dict[str, tuple[int, ...]]:
        """The trials of each part, each trial once; for work that goes part by part."""
        self._index.refresh()
        return {name: self._index.owned(name) for name in self._index.names()}

    def read_trials(
        self, trials: Collection[int] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The trials table, sorted by trial, with MLflow runs filled in and metadata in `attrs`.

        Args:
            trials: Only these; all if None.
            columns: Only these (and `trial`); all if None.

        Raises:
            TableError: If a trial is not recorded, or a file is damaged or of a later gradscape.
        """
        names = _with_trial(columns)
        # Who asks for all trials first learns from the same rows which part holds which.
        read = self._index.refresh(names) if trials is None else {}
        wanted = self._recorded(trials)
        if not wanted:
            return empty_trials()
        merged = self._merged("trials", wanted, names, self.recorded_runs(), read)
        return in_words_of_today(to_frame(merged))

    def verdicts(self) -> dict[int, str]:
        """The verdict of each recorded trial, without pandas; errors as `read_trials`."""
        names = ["trial", "verdict", "outcome"]
        read = self._index.refresh(names)
        wanted = shares(self._index, self._index.trials())
        parts = read_rows(self.folder / "trials", wanted, names, read)
        rows = chain.from_iterable(part.select(names).to_pylist() for part in parts.values())
        return {row["trial"]: verdict_of_today(row["verdict"], row["outcome"]) for row in rows}

    def read_steps(
        self, trials: Collection[int] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The steps table; arguments and errors as `read_trials`. Sorted within a trial."""
        return self._read_series("steps", trials, columns)

    def read_layers(
        self, trials: Collection[int] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The layers table; arguments and errors as `read_trials`. Sorted within a trial."""
        return self._read_series("layers", trials, columns)

    def stream(self, table: str, trials: Collection[int] | None = None) -> SeriesStream:
        """Rows of `steps` or `layers` part by part, for tables that do not fit into memory.

        Args:
            table: Which.
            trials: Only these; all if None.

        Raises:
            TableError: As `read_trials`, also while the blocks are gone through.
        """
        wanted = self._recorded(trials)
        return stream_series(self.folder / table, shares(self._index, wanted))

    def bundle_of(self, trials: Collection[int]) -> CohortTables:
        """The tables of recorded trials, for delivering them again after a crash.

        Called for one cohort after the other, so it looks for new parts only where a trial is in
        none of those that are known.

        Raises:
            TableError: If a trial is not recorded, or none is asked for.
        """
        if not trials:
            raise TableError("a bundle must hold at least one trial, but got none")
        with self._lock:
            wanted = self._recorded(trials)
            runs = self._runs.of(wanted)
            merged = {table: self._merged(table, wanted, None, runs) for table in _ORDER}
        return CohortTables(**merged, recorded=self._index.written_at(wanted))

    def _write_new(self, bundle: CohortTables, new: set[int], name: str) -> None:
        if name in self._index or part_path(self.folder / "trials", name).exists():
            raise TableError(f"a part's name must be new, but {name!r} holds other trials already")
        rows = bundle if len(new) == bundle.trials.num_rows else bundle.only(new)
        for table, order in _ORDER.items():
            ordered = getattr(rows, table).sort_by([(column, "ascending") for column in order])
            write_part(part_path(self.folder / table, name), ordered, self._staging)
        self._index.add(name, tuple(sorted(new)))

    def _read_series(
        self, table: str, trials: Collection[int] | None, columns: Sequence[str] | None
    ) -> pd.DataFrame:
        wanted = self._recorded(trials)
        if not wanted:
            return empty_series(table)
        return to_frame(self._merged(table, wanted, _with_trial(columns)))

    def _recorded(self, trials: Collection[int] | None) -> set[int]:
        """The trials that are asked for; looks for new parts unless all are known.

        Raises:
            TableError: If one is not recorded.
        """
        if trials is None or not all(self._index.holds(trial) for trial in trials):
            self._index.refresh()
        if len(studies := self._index.studies()) > 1:
            self._refuse_others(next(iter(studies)))
        if trials is None:
            return self._index.trials()
        missing = sorted(trial for trial in trials if not self._index.holds(trial))
        if missing:
            raise TableError(f"trials must be recorded in {self.folder}, missing: {missing[:10]}")
        return set(trials)

    def _refuse_others(self, study: str) -> None:
        for name, part in self._index.studies().items():
            if name != study:
                raise TableError(
                    f"{part_path(self.folder / 'trials', part)} is a part of study {name}, not of "
                    f"{study}; move the files of other studies out of {self.folder}"
                )

    def _merged(
        self,
        table: str,
        wanted: set[int],
        columns: Sequence[str] | None = None,
        runs: Mapping[int, str] = MappingProxyType({}),
        read: dict[str, pa.Table] | None = None,
    ) -> pa.Table:
        parts = read_rows(self.folder / table, shares(self._index, wanted), columns, read)
        # The part of the highest trial is the newest: what it says of the study holds.
        metadata = metadata_of(parts[self._index.owner(max(wanted))].schema)
        rows = list(parts.values())
        if table == "trials":
            return attach(merge_trials(rows, runs), metadata)
        return attach(merge_series(table, rows, complete=columns is None), metadata)


def _with_trial(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(dict.fromkeys(["trial", *columns]))

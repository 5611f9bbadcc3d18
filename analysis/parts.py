"""The tables of a study as Arrow tables, each trial once, read part by part.

A part is the rows of one cohort; its `trials` file is written last and is the commit mark. A crash
may leave a trial in two parts, with the same numbers: the part whose name sorts first counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.part_files import (
    concatenated,
    conform,
    in_order,
    metadata_of,
    part_files,
    read_file,
    read_footer,
    unified,
)
from study.tables.schema import ARROW_TYPES, LAYERS, STEPS, Column

_SERIES: Mapping[str, Sequence[Column]] = {"steps": STEPS, "layers": LAYERS}


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """Which trial counts in which part.

    Attributes:
        folder: The study's folder.
        files: Names of the files of the finished parts, sorted [P].
        trials: The study's trial numbers, ascending [N].
        owners: Place in `files` of the part that each trial counts in [N].
        whole: Whether all trials of a part count in it [P].
        metadata: What the part of the highest trial says of the study: it is the newest.
    """

    folder: Path
    files: tuple[str, ...]
    trials: NDArray[np.int64]
    owners: NDArray[np.int64]
    whole: NDArray[np.bool_]
    metadata: Mapping[str, object]
    _footers: dict[str, list[tuple[int, pa.Schema]]] = field(
        default_factory=dict, init=False, repr=False
    )

    def stream(self, table: str) -> tuple[pa.Schema, Iterator[pa.Table]]:
        """Rows of `steps` or `layers` part by part, in one schema, each trial once.

        Raises:
            AnalysisError: If a part is damaged, no gradscape table, or of a newer one.
        """
        places = self._places(table, np.unique(self.owners))
        paths = [self._path(table, place) for place in places]
        schema = unified([_base(table), *(schema for _, schema in self._footers_of(table))])

        def rows() -> Iterator[pa.Table]:
            for place, read in zip(places, in_order(read_file, paths), strict=True):
                yield conform(self._own(place, read), schema)

        return schema, rows()

    def read(self, table: str, wanted: Iterable[int] | None = None) -> pa.Table:
        """Rows of `steps` or `layers` of these trials; parts without them are not opened.

        Args:
            table: Which table.
            wanted: Trial numbers; those that are not recorded are passed over. All if None.

        Raises:
            AnalysisError: If a part is damaged, no gradscape table, or of a newer one.
        """
        if wanted is None:
            schema, blocks = self.stream(table)
            return pa.concat_tables([schema.empty_table(), *blocks])
        numbers = np.array(sorted(set(wanted)), dtype=np.int64)
        owners = np.unique(self.owners[np.isin(self.trials, numbers)])
        tables = [_base(table).empty_table()]
        for place in self._places(table, owners):
            rows = self._own(place, read_file(self._path(table, place)))
            tables.append(rows.filter(pc.is_in(rows["trial"], value_set=pa.array(numbers))))
        return concatenated(tables)

    def rows(self, table: str) -> int:
        """Rows of `steps` or `layers` in the study's parts; those of doubled trials count twice.

        Raises:
            AnalysisError: If a part is damaged, no gradscape table, or of a newer one.
        """
        return sum(rows for rows, _ in self._footers_of(table))

    def _footers_of(self, table: str) -> list[tuple[int, pa.Schema]]:
        if table not in self._footers:
            places = self._places(table, np.unique(self.owners))
            paths = [self._path(table, place) for place in places]
            self._footers[table] = list(in_order(read_footer, paths))
        return self._footers[table]

    def _path(self, table: str, place: int) -> Path:
        return self.folder / "tables" / table / self.files[place]

    def _places(self, table: str, places: NDArray[np.int64]) -> list[int]:
        return [int(place) for place in places if self._path(table, int(place)).exists()]

    def _own(self, place: int, rows: pa.Table) -> pa.Table:
        if self.whole[place]:
            return rows
        own = pa.array(self.trials[self.owners == place])
        return rows.filter(pc.is_in(rows["trial"], value_set=own))


def read_parts(folder: Path) -> Parts:
    """The parts of the study in this folder; reads the trials' numbers alone.

    Raises:
        AnalysisError: If no trial is finished, or a part cannot be read.
    """
    return _parts(folder, ["trial"])[0]


def read_trials(folder: Path) -> tuple[Parts, pa.Table]:
    """The parts of the study in this folder, and its trials, sorted; errors as `read_parts`."""
    parts, table, rows = _parts(folder, None)
    in_place = len(rows) == table.num_rows and bool(np.all(rows[:-1] < rows[1:]))
    return parts, table if in_place else table.combine_chunks().take(pa.array(rows))


def _parts(
    folder: Path, columns: Sequence[str] | None
) -> tuple[Parts, pa.Table, NDArray[np.int64]]:
    """Parts, the rows of their trials as they lie there, and the places of those that count."""
    paths = part_files(folder, "trials")
    if not paths:
        raise AnalysisError(
            f"study {folder.name!r} has no finished trial yet (no trials in {folder / 'tables'})"
        )
    tables = list(in_order(lambda path: read_file(path, columns), paths))
    lengths = np.array([one.num_rows for one in tables])
    table = concatenated(tables)
    numbers = table["trial"].to_numpy().astype(np.int64)
    # The first of each number, in the order of the parts' names.
    trials, rows = np.unique(numbers, return_index=True)
    owners = np.repeat(np.arange(len(paths)), lengths)[rows]
    counted = np.bincount(owners, minlength=len(paths))
    newest = int(owners[-1]) if len(owners) else len(paths) - 1
    parts = Parts(
        folder=folder,
        files=tuple(path.name for path in paths),
        trials=trials,
        owners=owners,
        whole=counted == lengths,
        metadata=metadata_of(tables[newest].schema, paths[newest]),
    )
    return parts, table, rows


def _base(table: str) -> pa.Schema:
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in _SERIES[table]])

"""Rows of many parts, each trial once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from study.tables.files import part_path, read_footer, read_part
from study.tables.index import PartIndex
from study.tables.merging import conform, series_schema
from study.tables.read_ahead import in_order


@dataclass(frozen=True, kw_only=True)
class Share:
    """The rows of a part that are wanted of it.

    Attributes:
        part: Name of the part.
        trials: Those whose rows they are; None if they are all of the part's.
    """

    part: str
    trials: tuple[int, ...] | None

    def of(self, rows: pa.Table) -> pa.Table:
        """The wanted ones of the part's rows."""
        if self.trials is None:
            return rows
        own = pa.array(self.trials, type=pa.int64())
        return rows.filter(pc.is_in(rows.column("trial"), value_set=own))


@dataclass(frozen=True, kw_only=True)
class SeriesStream:
    """A table with several rows a trial, part by part.

    Attributes:
        rows: In the parts; those of a trial that two parts hold count twice.
        schema: Schema of every block.
        blocks: Each trial once, in the order of the parts' names; to be gone through once.
    """

    rows: int
    schema: pa.Schema
    blocks: Iterator[pa.Table]


def shares(index: PartIndex, wanted: Collection[int]) -> list[Share]:
    """Which rows of which parts hold these recorded trials, in the order of the parts' names."""
    owned: dict[str, list[int]] = {}
    for trial in sorted(wanted):
        owned.setdefault(index.owner(trial), []).append(trial)
    return [
        Share(part=part, trials=None if index.is_whole(part, trials) else tuple(trials))
        for part, trials in sorted(owned.items())
    ]


def read_rows(
    folder: Path,
    wanted: Sequence[Share],
    columns: Sequence[str] | None = None,
    read: dict[str, pa.Table] | None = None,
) -> dict[str, pa.Table]:
    """The rows that are wanted, by part.

    Args:
        folder: Folder of one table's parts.
        wanted: Names of the parts to read.
        columns: Names; all columns if None.
        read: Parts that were read already, with these columns. They are handed over: the dict is
            emptied, so that nobody keeps them in memory beside what is made of them.
    """
    handed = {} if read is None else read
    tables = {
        share.part: share.of(handed.pop(share.part)) for share in wanted if share.part in handed
    }
    missing = [share for share in wanted if share.part not in tables]
    # Filtered part by part: few rows are wanted of many parts, which do not fit into memory.
    rows = in_order(
        lambda share: share.of(read_part(part_path(folder, share.part), columns)), missing
    )
    tables.update(zip((share.part for share in missing), rows, strict=True))
    return {share.part: tables[share.part] for share in wanted}


def stream_series(folder: Path, wanted: Sequence[Share]) -> SeriesStream:
    """Rows of `steps` or `layers` part by part; of the parts' footers alone at first.

    Args:
        folder: Folder of one table's parts; its name is the table's.
        wanted: Names of the parts to read.
    """
    paths = [part_path(folder, share.part) for share in wanted]
    footers = list(in_order(read_footer, paths))
    schema = series_schema(folder.name, [part for _, part in footers])

    def blocks() -> Iterator[pa.Table]:
        for share, rows in zip(wanted, in_order(read_part, paths), strict=True):
            yield conform(share.of(rows), schema)

    return SeriesStream(rows=sum(rows for rows, _ in footers), schema=schema, blocks=blocks())

"""The tables of some trials as one value that travels between processes."""

from __future__ import annotations

import io
import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from study.errors import TableError
from study.tables.metadata import StudyMetadata, metadata_of

_SIZES = struct.Struct("<4sQQQ")
_MAGIC = b"GSC1"


@dataclass(frozen=True, kw_only=True)
class CohortTables:
    """The three tables of a cohort's trials, typed by the schema.

    Attributes:
        trials: One row a trial, labels included.
        steps: One row a trial and recorded step.
        layers: One row a trial, recorded step and layer.
        recorded: When its rows were recorded, by trial, in seconds since 1970; empty if unknown.
    """

    trials: pa.Table
    steps: pa.Table
    layers: pa.Table
    recorded: Mapping[int, float] = field(default_factory=dict, compare=False)

    @property
    def trial_numbers(self) -> tuple[int, ...]:
        """The trials it holds, in the order of their rows."""
        return tuple(self.trials.column("trial").to_pylist())

    @property
    def metadata(self) -> StudyMetadata:
        """The study it belongs to."""
        return metadata_of(self.trials.schema)

    def spans(self) -> dict[int, tuple[float, float]]:
        """When each trial began and ended, in seconds since 1970, as far as it is known.

        Trials of a cohort train at the same time, from its beginning to its end.
        """
        numbers = self.trial_numbers
        shares = self.trials.column("train_seconds").to_pylist()
        keys = [
            (self.recorded[trial], share)
            for trial, share in zip(numbers, shares, strict=True)
            if trial in self.recorded and share is not None and math.isfinite(share)
        ]
        cohorts = Counter(keys)
        known = dict(zip(numbers, shares, strict=True))
        return {
            trial: (end - cohorts[end, share] * share, end)
            for trial, end in self.recorded.items()
            if (share := known.get(trial)) is not None and (end, share) in cohorts
        }

    def only(self, trials: set[int]) -> CohortTables:
        """The rows of these trials alone."""
        wanted = pa.array(sorted(trials), type=pa.int64())
        return replace(
            self,
            trials=_rows_of(self.trials, wanted),
            steps=_rows_of(self.steps, wanted),
            layers=_rows_of(self.layers, wanted),
        )

    def to_bytes(self) -> bytes:
        """Arrow's own stream format, compressed; `from_bytes` gives an equal value back."""
        streams = [_to_stream(table) for table in (self.trials, self.steps, self.layers)]
        header = _SIZES.pack(_MAGIC, *(len(stream) for stream in streams))
        return b"".join([header, *streams])

    @classmethod
    def from_bytes(cls, data: bytes) -> CohortTables:
        """Reads what `to_bytes` wrote; runs no code from it (it is no pickle).

        Raises:
            TableError: If the bytes are something else, or cut off.
        """
        if len(data) < _SIZES.size or data[:4] != _MAGIC:
            raise TableError("these bytes are no tables of a cohort")
        _, *sizes = _SIZES.unpack_from(data)
        if len(data) != _SIZES.size + sum(sizes):
            raise TableError(
                f"the tables of a cohort must have {_SIZES.size + sum(sizes)} bytes,"
                f" but {len(data)} came"
            )
        tables = []
        start = _SIZES.size
        for size in sizes:
            tables.append(_from_stream(memoryview(data)[start : start + size]))
            start += size
        return cls(trials=tables[0], steps=tables[1], layers=tables[2])


def _rows_of(table: pa.Table, wanted: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table.column("trial"), value_set=wanted))


def _to_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue()


def _from_stream(data: memoryview) -> pa.Table:
    try:
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            return reader.read_all()
    except pa.ArrowInvalid as error:
        raise TableError(f"the tables of a cohort are damaged: {error}") from error

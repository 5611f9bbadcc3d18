"""Several studies of one task and network read as one: more trials, more seeds, other spaces."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from analysis.errors import AnalysisError
from analysis.space.axes import PROVENANCE
from study.tables import TableStore
from study.tables.metadata import merged_hyperparameters
from study.tables.reading import SeriesStream

_ALIKE = ("task", "network", "task_options", "thresholds")


def join_trials(studies: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Joins the trials of studies into one table, as if they were of one study.

    Args:
        studies: Trials tables with their metadata in `attrs`, at least one.

    Returns:
        All rows, those of the first study first. `trial` and `configuration` are counted on, so
        that no two share a number; `study` and `study_trial` say where each comes from. `attrs`
        has the names joined by " + ", and of each hyperparameter all that any study had.

    Raises:
        AnalysisError: If they differ in task, network, options of the task, thresholds, steps, or
            a hyperparameter is a name in one and a number in another.
    """
    _check_alike(studies)
    spaces = [frame.attrs.get("hyperparameters", {}) for frame in studies]
    _check_columns(studies, spaces)
    parts = []
    offsets = _offsets(studies, "trial"), _offsets(studies, "configuration")
    for frame, trial, configuration in zip(studies, *offsets, strict=True):
        part = frame.assign(
            study=_name(frame),
            study_trial=frame["trial"],
            trial=frame["trial"] + trial,
            configuration=frame["configuration"] + configuration,
        )
        part.attrs = {}
        # pandas would let a column of nulls decide the type of the joined one.
        parts.append(part.dropna(axis=1, how="all"))
    joined = pd.concat(parts, ignore_index=True)
    names = list(dict.fromkeys(name for frame in studies for name in frame.columns))
    joined = joined.reindex(columns=[*names, *PROVENANCE])
    joined.attrs = {
        **studies[-1].attrs,
        "study": " + ".join(_name(frame) for frame in studies),
        # The last one's order first, as for a study whose space was changed.
        "hyperparameters": merged_hyperparameters(spaces),
    }
    return joined


@dataclass(frozen=True, kw_only=True)
class JoinedStore:
    """The tables of several studies, by the numbers that `join_trials` gave their trials.

    Attributes:
        stores: One a study.
        offsets: What is added to the numbers of each study's trials.
    """

    stores: tuple[TableStore, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, stores: Sequence[TableStore], trials: Sequence[pd.DataFrame]) -> JoinedStore:
        """Joins stores as `join_trials` joins their trials."""
        return cls(stores=tuple(stores), offsets=_offsets(trials, "trial"))

    def trials_by_part(self) -> dict[str, tuple[int, ...]]:
        """Returns the trials of each part of all studies, each trial once."""
        return {
            f"{number}-{name}": tuple(trial + offset for trial in trials)
            for number, (store, offset) in enumerate(zip(self.stores, self.offsets, strict=True))
            for name, trials in store.trials_by_part().items()
        }

    def read_steps(self, trials: Collection[int]) -> pd.DataFrame:
        """Returns rows of the steps table of these trials."""
        return self._read(trials, lambda store, own: store.read_steps(own))

    def read_layers(self, trials: Collection[int]) -> pd.DataFrame:
        """Returns rows of the layers table of these trials."""
        return self._read(trials, lambda store, own: store.read_layers(own))

    def stream(self, table: str, trials: Collection[int]) -> SeriesStream:
        """Streams rows of `steps` or `layers` of these trials, one study after the other."""
        shares = list(self._shares(trials))
        streams = [store.stream(table, own) for store, _, own in shares]
        schema = pa.unify_schemas([each.schema for each in streams], promote_options="permissive")

        def blocks() -> Iterator[pa.Table]:
            for (_, offset, _), stream in zip(shares, streams, strict=True):
                for block in stream.blocks:
                    number = block.column_names.index("trial")
                    counted = pa.compute.add(block.column("trial"), offset)
                    yield _conformed(block.set_column(number, "trial", counted), schema)

        return SeriesStream(
            rows=sum(each.rows for each in streams), schema=schema, blocks=blocks()
        )

    def _shares(self, trials: Collection[int]) -> Iterator[tuple[TableStore, int, list[int]]]:
        ends = [*self.offsets[1:], float("inf")]
        for store, offset, end in zip(self.stores, self.offsets, ends, strict=True):
            own = [number - offset for number in trials if offset <= number < end]
            if own:
                yield store, offset, own

    def _read(
        self, trials: Collection[int], read: Callable[[TableStore, list[int]], pd.DataFrame]
    ) -> pd.DataFrame:
        parts = []
        for store, offset, own in self._shares(trials):
            rows = read(store, own)
            parts.append(rows.assign(trial=rows["trial"] + offset))
        return pd.concat(parts, ignore_index=True) if parts else self.stores[0].read_steps([])


def _conformed(block: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        block[field.name].cast(field.type)
        if field.name in block.column_names
        else pa.nulls(block.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _offsets(studies: Sequence[pd.DataFrame], column: str) -> tuple[int, ...]:
    offsets = [0]
    for frame in studies[:-1]:
        offsets.append(offsets[-1] + int(frame[column].max()) + 1)
    return tuple(offsets)


def _name(frame: pd.DataFrame) -> str:
    return str(frame.attrs.get("study", "?"))


def _check_alike(studies: Sequence[pd.DataFrame]) -> None:
    first = studies[0]
    for other in studies[1:]:
        pairs = [(key, first.attrs.get(key), other.attrs.get(key)) for key in _ALIKE]
        # A trial that trained took all its steps.
        pairs.append(("steps", int(first["steps_run"].max()), int(other["steps_run"].max())))
        for key, was, now in pairs:
            if (was or None) != (now or None):
                raise AnalysisError(
                    f"studies of the same task and network can be joined, but {key} is {was} in "
                    f"{_name(first)} and {now} in {_name(other)}"
                )


def _check_columns(
    studies: Sequence[pd.DataFrame], spaces: Sequence[dict[str, dict[str, object]]]
) -> None:
    kinds: dict[str, tuple[bool, str]] = {}
    for frame, space in zip(studies, spaces, strict=True):
        for name in space:
            if name not in frame.columns or frame[name].isna().all():
                continue
            named = not pd.api.types.is_numeric_dtype(frame[name])
            known, where = kinds.setdefault(name, (named, _name(frame)))
            if known != named:
                raise AnalysisError(
                    f"{name} has names in one of the studies {where} and {_name(frame)} and "
                    f"numbers in the other; they cannot be joined"
                )

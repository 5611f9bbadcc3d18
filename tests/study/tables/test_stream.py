from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from study.tables import LAYERS, STEPS, TableError, TableStore
from study.tables.schema import METADATA_KEY, SCHEMA_VERSION


def test_blocks_are_the_table_with_each_trial_once(tmp_path: Path, make_bundle) -> None:
    first, second = TableStore(tmp_path), TableStore(tmp_path)
    first.recorded_trials(), second.recorded_trials()
    second.write(make_bundle([2, 3], mark=2.0), "b")
    first.write(make_bundle([1, 2], mark=1.0), "a")
    stream = TableStore(tmp_path).stream("steps")
    blocks = list(stream.blocks)
    assert stream.rows == 8, "of the footers alone: those of the doubled trial count twice"
    assert [block["trial"].to_pylist() for block in blocks] == [[1, 1, 2, 2], [3, 3]]
    assert [block["loss"].to_pylist() for block in blocks] == [[1.0] * 4, [2.0] * 2]


def test_trials_that_were_recorded_later_are_left_out(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1, 2]), "a")
    trials = store.read_trials()["trial"].tolist()
    TableStore(tmp_path).write(make_bundle([3]), "b")
    assert store.recorded_trials() == {1, 2, 3}
    stream = store.stream("layers", trials)
    assert stream.rows == 12
    assert set(pa.concat_tables(stream.blocks)["trial"].to_pylist()) == {1, 2}


def test_columns_that_a_part_of_before_lacks_are_null(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1]), "a")
    store.write(make_bundle([2]), "b")
    path = tmp_path / "layers" / "part-a.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["zero_fraction"]), path)
    stream = store.stream("layers")
    assert stream.schema.names == [column.name for column in LAYERS]
    blocks = list(stream.blocks)
    assert [block["zero_fraction"].null_count for block in blocks] == [6, 0]
    assert all(block.schema.equals(stream.schema) for block in blocks)
    assert store.read_layers([1])["zero_fraction"].isna().all()


def test_a_study_without_trials_has_columns_and_no_rows(tmp_path: Path) -> None:
    stream = TableStore(tmp_path).stream("steps")
    assert stream.rows == 0 and list(stream.blocks) == []
    names = [column.name for column in STEPS]
    assert stream.schema.names == TableStore(tmp_path).read_steps().columns.tolist() == names


def test_a_part_of_a_later_schema_is_refused_by_whoever_reads_it(
    tmp_path: Path, make_bundle
) -> None:
    # Only the part of the highest trial was looked at; others were read as if nothing were.
    for name, trials in (("a", [1]), ("b", [2])):
        TableStore(tmp_path).write(make_bundle(trials), name)
    for table in ("trials", "steps"):
        path = tmp_path / table / "part-a.parquet"
        rows = pq.read_table(path)
        later = json.loads(rows.schema.metadata[METADATA_KEY]) | {"schema_version": 99}
        pq.write_table(rows.replace_schema_metadata({METADATA_KEY: json.dumps(later)}), path)
    refused = rf"part-a\.parquet: .*schema version 99.*up to {SCHEMA_VERSION}; upgrade gradscape"
    for read in (TableStore.read_trials, TableStore.recorded_trials):
        with pytest.raises(TableError, match=refused):
            read(TableStore(tmp_path))
    (tmp_path / "trials" / "part-a.parquet").unlink()
    TableStore(tmp_path).write(make_bundle([1]), "c")
    (tmp_path / "steps" / "part-a.parquet").rename(tmp_path / "steps" / "part-c.parquet")
    with pytest.raises(TableError, match=r"part-c\.parquet: .*schema version 99"):
        TableStore(tmp_path).stream("steps")

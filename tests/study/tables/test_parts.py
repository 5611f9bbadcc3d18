from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from study.tables import (
    CohortTables,
    TableError,
    TableStore,
    TableWriteError,
    files,
    index,
    to_arrow,
    trial_columns,
)
from tests.support.repository import ROOT


def test_opening_creates_nothing(tmp_path: Path) -> None:
    store = TableStore(tmp_path / "tables")
    assert store.recorded_trials() == set()
    assert store.recorded_runs() == {}
    assert len(store.read_trials()) == 0
    assert "verdict" in store.read_trials().columns
    assert not (tmp_path / "tables").exists()


def test_what_was_written_is_read(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    assert store.write(make_bundle([3, 1]), "b") == {1, 3}
    assert store.write(make_bundle([0]), "a") == {0}
    other = TableStore(tmp_path)
    assert other.recorded_trials() == {0, 1, 3}
    assert other.read_trials()["trial"].tolist() == [0, 1, 3]
    assert other.read_trials().attrs["study"] == "digits-mlp"
    assert len(other.read_steps()) == 3 * 2
    assert len(other.read_layers(trials=[3])) == 2 * 3
    assert other.read_layers(trials=[3], columns=["step"]).columns.tolist() == ["trial", "step"]


def test_any_parquet_reader_opens_the_files(tmp_path: Path, make_bundle) -> None:
    TableStore(tmp_path).write(make_bundle([3, 1]), "b")
    assert pq.read_table(tmp_path / "trials" / "part-b.parquet")["trial"].to_pylist() == [1, 3]


def test_floats_come_back_to_the_bit(tmp_path: Path) -> None:
    values = np.array([0.0, -0.0, np.inf, -np.inf, 5e-324, 0.1, np.float32(0.1), 1.7e308])
    path = tmp_path / "part-a.parquet"
    column = pa.array([*values, None, float("nan")])
    files.write_part(path, pa.table({"x": column, "name": ["a"] * 10, "single": [1.5] * 10}))
    back = pq.read_table(path)["x"]
    assert np.array_equal(back.to_numpy()[:8].view(np.int64), values.view(np.int64))
    assert back[8].as_py() is None
    assert math.isnan(back[9].as_py())


def test_writing_again_changes_nothing(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1, 2]), "a")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert store.write(make_bundle([1, 2]), "a") == set()
    assert TableStore(tmp_path).write(make_bundle([2, 1]), "later") == set()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


def test_only_trials_that_are_new_are_added(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1, 2], mark=1.0), "a")
    assert store.write(make_bundle([2, 3], mark=9.0), "b") == {3}
    assert store.read_trials()["trial"].tolist() == [1, 2, 3]
    assert store.read_steps(trials=[2])["loss"].tolist() == [1.0, 1.0]


def test_a_name_is_not_taken_twice(tmp_path: Path, make_bundle) -> None:
    TableStore(tmp_path).write(make_bundle([1]), "a")
    with pytest.raises(TableError, match="'a' holds other trials"):
        TableStore(tmp_path).write(make_bundle([2]), "a")
    assert TableStore(tmp_path).recorded_trials() == {1}


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, make_bundle, name: str) -> None:
    with pytest.raises(ValueError, match="a part's name must be"):
        TableStore(tmp_path).write(make_bundle([1]), name)


_KILLED_WRITER = """
import os, sys
from pathlib import Path
from study.tables import CohortTables, TableStore
from study.tables import files, parts

def write_part(path, table, staging):
    if path.parent.name == sys.argv[3]:
        os._exit(9)
    files.write_part(path, table, staging)

parts.write_part = write_part
bundle = CohortTables.from_bytes(Path(sys.argv[1]).read_bytes())
TableStore(Path(sys.argv[2])).write(bundle, "a")
"""


@pytest.mark.parametrize("table", ["steps", "trials"])
def test_a_writer_killed_half_way_records_nothing(tmp_path: Path, make_bundle, table: str) -> None:
    (tmp_path / "bundle").write_bytes(make_bundle([1, 2], mark=5.0).to_bytes())
    command = [sys.executable, "-c", _KILLED_WRITER, tmp_path / "bundle", tmp_path / "t", table]
    ended = subprocess.run(command, check=False, cwd=ROOT)
    assert ended.returncode == 9
    assert (tmp_path / "t" / "layers" / "part-a.parquet").exists()
    store = TableStore(tmp_path / "t")
    assert store.recorded_trials() == set()
    assert store.read_layers().empty
    # The next attempt takes the name again and counts.
    assert store.write(make_bundle([2, 4], mark=6.0), "a") == {2, 4}
    assert TableStore(tmp_path / "t").read_steps()["loss"].tolist() == [6.0] * 4


def test_orphaned_rows_stay_unread_beside_recorded_ones(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1], mark=1.0), "a")
    store.write(make_bundle([2], mark=2.0), "b")
    (tmp_path / "trials" / "part-b.parquet").unlink()
    fresh = TableStore(tmp_path)
    assert fresh.recorded_trials() == {1}
    assert fresh.read_steps()["loss"].tolist() == [1.0, 1.0]
    with pytest.raises(TableError, match=r"missing: \[2\]"):
        fresh.read_layers(trials=[1, 2])


def test_a_trial_in_two_parts_counts_once(tmp_path: Path, make_bundle) -> None:
    # Two drivers that did not know of each other.
    first, second = TableStore(tmp_path), TableStore(tmp_path)
    first.recorded_trials(), second.recorded_trials()
    second.write(make_bundle([2, 3], mark=2.0), "b")
    first.write(make_bundle([1, 2], mark=1.0), "a")
    for store in (first, second, TableStore(tmp_path)):
        assert store.read_trials()["trial"].tolist() == [1, 2, 3]
        assert store.read_steps().groupby("trial")["loss"].agg(list).to_dict() == {
            1: [1.0, 1.0],
            2: [1.0, 1.0],
            3: [2.0, 2.0],
        }
        assert store.trials_by_part() == {"a": (1, 2), "b": (3,)}
        assert store.bundle_of([2, 3]).layers.num_rows == 12


def test_parts_are_read_once(tmp_path: Path, make_bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counting(path: Path, columns: list[str] | None = None) -> pa.Table:
        read.append(path.name)
        return files.read_part(path, columns)

    monkeypatch.setattr(index, "read_part", counting)
    writer, reader = TableStore(tmp_path), TableStore(tmp_path)
    writer.write(make_bundle([1]), "a")
    assert reader.recorded_trials() == {1}
    writer.write(make_bundle([2]), "b")
    assert reader.recorded_trials() == {1, 2}
    assert writer.recorded_trials() == {1, 2}
    assert read == ["part-a.parquet", "part-b.parquet"]


def test_bundle_of_recorded_trials(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1, 2]), "a")
    store.write(make_bundle([3]), "b")
    bundle = store.bundle_of([3, 2])
    assert isinstance(bundle, CohortTables)
    assert bundle.trial_numbers == (2, 3)
    assert set(bundle.steps.column("trial").to_pylist()) == {2, 3}
    assert CohortTables.from_bytes(bundle.to_bytes()).metadata == bundle.metadata
    with pytest.raises(TableError, match="at least one"):
        store.bundle_of([])


def test_runs_are_joined_and_the_latest_of_a_trial_counts(tmp_path: Path, make_bundle) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1, 2]), "a")
    store.write_runs({1: "one"})
    store.write_runs({1: "one"})
    store.write_runs({1: "again", 2: "two"})
    assert len(list((tmp_path / "runs").iterdir())) == 2  # What is known is not written again.
    for one in (store, TableStore(tmp_path)):
        assert one.recorded_runs() == {1: "again", 2: "two"}
        assert one.read_trials()["mlflow_run_id"].tolist() == ["again", "two"]
    assert store.bundle_of([2]).trials.column("mlflow_run_id").to_pylist() == ["two"]


def test_a_wider_study_reads_with_its_older_parts(
    tmp_path: Path, make_bundle, make_trials, metadata
) -> None:
    store = TableStore(tmp_path)
    store.write(make_bundle([1]), "a")
    entries = {**metadata.hyperparameters, "own": {"kind": "choice", "choices": [1, 2]}}
    wider = replace(metadata, hyperparameters=entries)
    newer = make_bundle([2])
    trials = to_arrow(make_trials([2]).assign(own=2), trial_columns(wider), wider)
    store.write(replace(newer, trials=trials), "b")
    frame = store.read_trials()
    assert frame["own"].isna().tolist() == [True, False]
    assert frame.columns.get_loc("own") < frame.columns.get_loc("outcome")
    assert "own" in frame.attrs["hyperparameters"]


def test_a_full_disk_says_so_and_records_nothing(
    tmp_path: Path, make_bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = TableStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(TableWriteError, match="the disk is full; free space") as raised:
            store.write(make_bundle([1]), "a")
    assert raised.value.errno == errno.ENOSPC
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert store.recorded_trials() == set()
    assert store.write(make_bundle([1]), "a") == {1}


def test_a_folder_that_cannot_be_says_so(tmp_path: Path, make_bundle) -> None:
    (tmp_path / "tables").write_text("a file")
    with pytest.raises(TableWriteError, match="cannot write tables"):
        TableStore(tmp_path / "tables").write(make_bundle([1]), "a")


def test_a_damaged_part_is_named(tmp_path: Path, make_bundle) -> None:
    TableStore(tmp_path).write(make_bundle([1]), "a")
    (tmp_path / "layers" / "part-a.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(TableError, match=r"layers/part-a\.parquet is damaged"):
        TableStore(tmp_path).read_layers()


@pytest.mark.parametrize(
    ("name", "is_part"),
    [
        ("part-00000001.parquet", True),
        ("part-a.b_c-d.parquet", True),
        ("part-a.parquet.123.tmp", False),
        ("part-.parquet", False),
        ("part-../a.parquet", False),
        ("part-a.csv", False),
        ("a.parquet", False),
        ("part-.parquet.parquet", False),
    ],
)
def test_which_files_are_parts(name: str, is_part: bool) -> None:
    assert files.is_part_file(name) == is_part

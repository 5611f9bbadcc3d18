"""What a cohort costs the tables does not depend on how many there are: reads are counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from study.tables import TableStore, files, index, parts, reading, runs

PARTS = 30


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Files and listings by folder; files with the columns that were asked of them."""
    counted: Counter[str] = Counter()

    def read_part(path: Path, columns=None):
        counted[f"{path.parent.name} {'all' if columns is None else ' '.join(columns)}"] += 1
        return files.read_part(path, columns)

    def part_names(folder: Path) -> set[str]:
        counted[f"list {folder.name}"] += 1
        return files.part_names(folder)

    for module in (index, reading, runs):
        monkeypatch.setattr(module, "read_part", read_part)
    for module in (index, runs):
        monkeypatch.setattr(module, "part_names", part_names)
    assert not hasattr(parts, "read_part")
    return counted


@pytest.fixture
def many(tmp_path: Path, make_bundle) -> Path:
    """Tables of 30 cohorts of two, all delivered."""
    store = TableStore(tmp_path)
    for number in range(PARTS):
        trials = [2 * number, 2 * number + 1]
        store.write(make_bundle(trials), f"{number:03d}")
        store.write_runs({trial: f"run-{trial}" for trial in trials})
    return tmp_path


def test_a_resumed_study_reads_one_column_of_each_part_once(many, reads) -> None:
    store = TableStore(many)
    assert len(store.recorded_trials()) == 2 * PARTS
    assert len(store.recorded_trials()) == 2 * PARTS
    assert reads == {"trials trial": PARTS, "list trials": 2}


def test_a_study_that_is_read_whole_opens_each_file_once(many, reads) -> None:
    # Which part holds which trial was learnt from a first reading of every part.
    assert len(TableStore(many).read_trials()) == 2 * PARTS
    assert reads["trials all"] == PARTS and reads["runs all"] == PARTS
    assert not any(name.startswith("trials ") and name != "trials all" for name in reads)
    reads.clear()
    TableStore(many).read_trials(columns=["verdict"])
    assert reads["trials trial verdict"] == PARTS and "trials trial" not in reads


def test_a_new_cohort_reads_nothing_of_the_others(many, make_bundle, reads) -> None:
    store = TableStore(many)
    store.recorded_trials()
    store.recorded_runs()
    reads.clear()
    for number in range(PARTS, PARTS + 5):
        store.write(make_bundle([2 * number]), f"{number:03d}")
        store.write_runs({2 * number: "run"})
    assert reads == {}


def test_delivering_a_cohort_reads_its_own_part_alone(many, make_bundle, reads) -> None:
    store = TableStore(many)
    store.recorded_trials()
    store.recorded_runs()
    store.write(make_bundle([100, 101]), "100")
    for _ in range(3):
        reads.clear()
        assert store.bundle_of([100, 101]).steps.num_rows == 4
        listing = reads.pop("list runs", 0)  # Names alone: another process may have delivered it.
        assert reads == {"trials all": 1, "steps all": 1, "layers all": 1} and listing <= 1

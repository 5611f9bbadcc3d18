from __future__ import annotations

from pathlib import Path

import pytest

from study.tables import TableStore, TableWriteError
from study.tables.staging import Staging, claim_staging


class TakenOver(RuntimeError):
    """What a check of the lease says."""


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def finished(tables: Path) -> set[str]:
    return {name for name in files_of(tables) if name.endswith(".parquet")}


def test_what_is_written_through_a_staging_folder_is_read(tmp_path: Path, make_bundle) -> None:
    with claim_staging(tmp_path, "one") as staging:
        store = TableStore(tmp_path, staging)
        store.write(make_bundle([1, 2]), "a")
        store.write_runs({1: "run"})
    assert TableStore(tmp_path).recorded_trials() == {1, 2}
    assert TableStore(tmp_path).recorded_runs() == {1: "run"}
    # Nothing else is left.
    assert files_of(tmp_path) == finished(tmp_path) and len(finished(tmp_path)) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "layers",
        "runs",
        "steps",
        "trials",
    ]


def test_a_writer_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    with claim_staging(tmp_path / "tables", "one"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writes", ["write", "write_runs"])
@pytest.mark.parametrize("moves", [0, 1, 2])
def test_frozen_between_the_check_and_the_move_it_moves_nothing_when_it_wakes(
    tmp_path: Path, make_bundle, writes: str, moves: int
) -> None:
    # A driver that was frozen before it moved a file finished that when it woke up, though
    # another one had the study by then. No check can see that; here it was made a moment before.
    checks, taken = [], []

    def freeze() -> None:
        checks.append(len(checks))
        if len(checks) == moves + 1:
            taken.append(claim_staging(tmp_path, "next"))
            taken[0].__enter__()
        elif taken:
            raise TakenOver

    with claim_staging(tmp_path, "former", check=freeze) as staging:
        store = TableStore(tmp_path, staging)
        for _ in range(moves):  # Each moves one file at least before the freeze.
            store.write_runs({100 + len(checks): "earlier"})
        before = finished(tmp_path)
        with pytest.raises(TakenOver):
            if writes == "write":
                store.write(make_bundle([1, 2]), "a")
            else:
                store.write_runs({1: "run"})
        with pytest.raises(TakenOver):
            store.write(make_bundle([5]), "b")
    assert finished(tmp_path) == before and len(before) == moves
    assert TableStore(tmp_path).recorded_trials() == set()
    taken[0].__exit__(None, None, None)


def test_frozen_before_the_commit_mark_its_rows_do_not_count(tmp_path: Path, make_bundle) -> None:
    taken = []

    def freeze() -> None:
        if taken:
            raise TakenOver
        if (tmp_path / "steps" / "part-a.parquet").exists():
            taken.append(claim_staging(tmp_path, "next"))
            taken[0].__enter__()

    with claim_staging(tmp_path, "former", check=freeze) as staging, pytest.raises(TakenOver):
        TableStore(tmp_path, staging).write(make_bundle([1, 2], mark=5.0), "a")
    # Its layers and steps are there, the trials are not: the next driver trains them again.
    assert "trials/part-a.parquet" not in files_of(tmp_path)
    store = TableStore(tmp_path)
    assert store.recorded_trials() == set()
    assert store.write(make_bundle([1, 2], mark=6.0), "a") == {1, 2}
    assert store.read_steps()["loss"].tolist() == [6.0] * 4


def test_a_check_that_fails_leaves_no_file(tmp_path: Path, make_bundle) -> None:
    def check() -> None:
        raise TakenOver

    with claim_staging(tmp_path, "one", check=check) as staging, pytest.raises(TakenOver):
        TableStore(tmp_path, staging).write(make_bundle([1]), "a")
    assert files_of(tmp_path) == set()


def test_what_killed_writers_left_is_gone(tmp_path: Path) -> None:
    for name in ("killed", "killed-too.taken-by-killed"):
        left = tmp_path / ".staging" / name / "trials-part-x.parquet.tmp"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half")
    with claim_staging(tmp_path, "one") as staging:
        assert isinstance(staging, Staging)
        assert [path.name for path in (tmp_path / ".staging").iterdir()] == ["one"]


def test_a_folder_removed_by_hand_is_no_loss_of_the_study(tmp_path: Path, make_bundle) -> None:
    with claim_staging(tmp_path, "one") as staging:
        (tmp_path / ".staging" / "one").rmdir()
        with pytest.raises(TableWriteError, match="cannot write tables: No such file"):
            TableStore(tmp_path, staging).write(make_bundle([1]), "a")


def test_a_folder_that_cannot_be_says_so(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("a file")
    with (
        pytest.raises(TableWriteError, match="cannot write tables"),
        claim_staging(tmp_path / "tables", "one"),
    ):
        pass

"""Bytes of a home go bad: each command says so in a line, or does without it.

`benchmarks/mutated_files.py` tries thousands of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from study.errors import StorageUnavailable
from study.ledger.states import trial_states
from study.ledger.storage import open_storage
from study.paths import StudyPaths
from tests.support.mutated_files import make_home, try_mutation

CHEAP = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("made"))


def test_no_mutated_file_is_a_traceback(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 0.3)
    # 39 and 128: an identity that was a folder, or held an infinite number, was one.
    tried = [try_mutation(seed, folder, tmp_path) for seed in (*range(CHEAP), 39, 128)]
    assert [each for each in tried if each.problem is not None] == []
    assert {each.code for each in tried} == {0, 1, 2}, "some are borne, some told of"


@pytest.mark.parametrize("line", [b"\n", b"\0\0\0\n", b"garbage\n", b'{"op_code": 4}\n'])
def test_a_line_in_the_middle_of_the_journal_is_named(
    folder: Path, tmp_path: Path, line: bytes
) -> None:
    whole = StudyPaths(home=folder / "home", study="small").journal.read_bytes()
    journal = tmp_path / "optuna.journal"
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], line, *lines[2:]]))
    for read in (lambda: open_storage(journal), lambda: trial_states(name="x", storage=journal)):
        with pytest.raises(StorageUnavailable, match="line 3 is no operation; restore"):
            read()

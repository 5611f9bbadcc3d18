"""Bytes of a home go bad: each command says so in a line, or does without it.

Mutations of the files of a real study, by seeds: cut, flipped, repeated and foreign bytes, blank
and NUL lines, other JSON.
"""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from search_spaces.errors import GradscapeError
from study.errors import StorageUnavailable
from study.lease.inspect import look
from study.ledger.states import trial_states
from study.ledger.storage import open_storage
from study.monitoring.status import StudyStatus, study_status
from study.paths import StudyPaths
from tests.study.commands.conftest import STUDY, train_in_process

FILES = ("optuna.journal", "optuna.journal", "driver.lock", "driver.json", "study.yaml")
OTHER = (b"", b"[]", b"{}", b"null", b"3", b'{"pid":', b"\xff\xfe", b"\0" * 40, b"[" * 9000)
NUMBERS = (b"9" * 30, b"-1", b"1e999", b"null", b'"x"', b"[]", b"NaN")


def mutated(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    length = draw.randrange(1, 80)
    noise = bytes(draw.randrange(256) for _ in range(length))
    numbers = [each.span() for each in re.finditer(rb"\d+", data)]
    begin, end = draw.choice(numbers) if numbers else (0, 0)
    lines = data.split(b"\n")
    draw.shuffle(lines)
    line = data.find(b"\n", at) + 1
    return draw.choice(
        [
            data[:at],
            data[:at] + data[at + length :],
            data[:at] + noise[:1] + data[at + 1 :],
            data[:at] + noise + data[at:],
            data[:at] + data[max(0, at - length) : at] + data[at:],
            data[:line] + b"\n\n" + data[line:],
            data[:line] + b"\0" * length + b"\n" + data[line:],
            data[:begin] + draw.choice(NUMBERS) + data[end:],
            b"\n".join(lines),
            draw.choice(OTHER),
        ]
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    quick = STUDY.replace("steps: 60", "steps: 3").replace("trials: 12", "trials: 4")
    train_in_process(quick, home=home)
    return home


def read_all(paths: StudyPaths) -> StudyStatus | None:
    """What status, logs, list and run read; an error of ours is the line that a person gets."""
    look(paths.lock)
    for read in (
        lambda: trial_states(name=paths.study, storage=paths.journal),
        lambda: open_storage(paths.journal).close(),
    ):
        try:
            read()
        except GradscapeError as error:
            assert "\n" not in str(error)
    return study_status(paths)


@pytest.mark.parametrize(
    ("first", "last"), [(0, 100), pytest.param(100, 2000, marks=pytest.mark.slow)]
)
def test_no_mutation_of_a_file_is_a_traceback(
    home: Path, tmp_path: Path, first: int, last: int
) -> None:
    shutil.copytree(home, tmp_path / "home")
    paths = StudyPaths(home=tmp_path / "home", study="small")
    whole = {name: (paths.folder / name).read_bytes() for name in FILES}
    for seed in range(first, last):
        draw = random.Random(seed)
        name = draw.choice(FILES)
        file = paths.folder / name
        file.write_bytes(mutated(whole[name], draw))
        try:
            read_all(paths)
        except GradscapeError as error:
            assert "\n" not in str(error), (seed, name)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {name}: {type(error).__name__}") from error
        file.write_bytes(whole[name])


@pytest.mark.parametrize("line", [b"\n", b"\0\0\0\n", b"garbage\n", b'{"op_code": 4}\n'])
def test_a_line_in_the_middle_of_the_journal_is_named(
    home: Path, tmp_path: Path, line: bytes
) -> None:
    shutil.copytree(home, tmp_path / "home")
    journal = StudyPaths(home=tmp_path / "home", study="small").journal
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], line, *lines[2:]]))
    for read in (lambda: open_storage(journal), lambda: trial_states(name="x", storage=journal)):
        with pytest.raises(StorageUnavailable, match="line 3 is no operation; restore"):
            read()

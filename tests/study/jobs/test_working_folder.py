from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from search_spaces.errors import InputError
from study.jobs.working_folder import (
    LARGEST_UPLOAD_BYTES,
    PackedFile,
    check_names,
    check_size,
    files_of,
    largest,
)


def files(sizes: dict[str, int]) -> list[PackedFile]:
    return [
        PackedFile(path=PurePosixPath(name), source=Path(name), bytes=size)
        for name, size in sizes.items()
    ]


def sparse(path: Path, size: int) -> None:
    """A file of this size that takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        os.truncate(file.fileno(), size)


def test_what_is_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    sparse(tmp_path / "data" / "train.bin", 3 * 2**40)
    sparse(tmp_path / "data" / "test.bin", 2**20)
    for number in range(4):
        sparse(tmp_path / "runs" / f"{number}", 50 * 2**20)
    (tmp_path / "net.py").write_text("")
    with pytest.raises(InputError) as caught:
        check_size(files_of(tmp_path), tmp_path)
    said = str(caught.value)
    assert said.startswith(f"--working-dir: a cluster takes at most 100.0 MiB, but {tmp_path} has")
    assert "largest: data/train.bin 3145728.0 MiB, runs/ 200.0 MiB, data/test.bin 1.0 MiB" in said
    assert ".rayignore" in said


def test_the_limit_itself_is_taken(tmp_path: Path) -> None:
    check_size(files({"a": LARGEST_UPLOAD_BYTES}), tmp_path)
    with pytest.raises(InputError, match="largest: a 100.0 MiB; leave out"):
        check_size(files({"a": LARGEST_UPLOAD_BYTES + 1}), tmp_path)


def test_the_ten_largest() -> None:
    many = {f"small/{number}": 1 for number in range(1000)}
    big = {f"b{number}": 100 + number for number in range(20)}
    nested = {"x/y/z/one": 5000, "x/y/two": 10}
    named = largest(files(many | big | nested))
    assert named[:3] == [("x/y/z/one", 5000), ("small/", 1000), ("b19", 119)]
    assert len(named) == 10


@pytest.mark.parametrize("path", ["study.py", "analysis.py", "search_spaces/__init__.py"])
def test_names_that_would_hide_gradscape(path: str) -> None:
    with pytest.raises(InputError, match=rf"no module of yours may be named .*code/{path}"):
        check_names(files({path: 1, "net.py": 1}), Path("code"))


def test_names_that_hide_nothing() -> None:
    check_names(files({"sub/study.py": 1, "study/notes.txt": 1, "studying.py": 1}), Path("code"))
    # gradscape's own checkout may be sent.
    check_names(files({"study/__init__.py": 1, "study/commands/app.py": 1}), Path("code"))


def test_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--working-dir: must be a folder, but .*nowhere is none"):
        files_of(tmp_path / "nowhere")

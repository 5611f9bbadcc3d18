from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study.jobs.package import files_to_submit, path_in_job, write_package


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "experiments").mkdir(parents=True)
    (folder / "net.py").write_text("def net(): ...\n")
    (folder / "tool.sh").write_text("#!/bin/sh\n")
    (folder / "tool.sh").chmod(0o755)
    return folder


def paths(study_file: Path, folder: Path | None) -> list[str]:
    return [str(file.path) for file in files_to_submit(study_file, folder)]


def test_the_study_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text("study: small\n")
    (tmp_path / "other.py").write_text("")
    assert paths(file, None) == ["small.yaml"]


def test_the_study_file_keeps_its_place_in_the_folder(code: Path) -> None:
    # Paths in a study file begin beside it.
    file = code / "experiments" / "small.yaml"
    file.write_text("study: small\n")
    assert str(path_in_job(file, code)) == "experiments/small.yaml"
    assert paths(file, code) == ["experiments/small.yaml", "net.py", "tool.sh"]
    # Ignoring it does not keep it back.
    (code / ".gitignore").write_text("*.yaml\n")
    assert "experiments/small.yaml" in paths(file, code)


def test_a_study_file_from_elsewhere_goes_to_the_top(code: Path, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text("study: small\n")
    assert "small.yaml" in paths(file, code)
    (code / "small.yaml").write_text("study: another\n")
    with pytest.raises(InputError, match="goes to the top of the job's folder, but .*is there"):
        paths(file, code)


def test_the_same_contents_are_the_same_package(code: Path, tmp_path: Path) -> None:
    file = code / "small.yaml"
    file.write_text("study: small\n")
    first = write_package(files_to_submit(file, code), tmp_path / "1.zip")
    os.utime(code / "net.py", (1e9, 1e9))
    assert write_package(files_to_submit(file, code), tmp_path / "2.zip") == first
    (code / "net.py").write_text("def net(): pass\n")
    assert write_package(files_to_submit(file, code), tmp_path / "3.zip") != first
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert archive.read("net.py") == b"def net(): ...\n"
        assert archive.getinfo("tool.sh").external_attr >> 16 & 0o777 == 0o755
        assert "experiments/" in archive.namelist()


def test_many_small_files_count_with_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    with (folder / "large").open("wb") as file:
        os.truncate(file.fileno(), 100 * 2**20)
    study = tmp_path / "small.yaml"
    study.write_text("study: small\n")
    with pytest.raises(InputError, match="a cluster takes at most 100.0 MiB, but 2 files with"):
        write_package(files_to_submit(study, folder), tmp_path / "package.zip")

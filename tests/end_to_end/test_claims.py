"""What a driver has to hold before it works on a study, by the study file's storage."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces import InputError
from study.lease import LeaseTable, LockFile, hold, this_process
from study.paths import StudyPaths
from study.run.factories import study_claims
from study.study_file import StudyConfig
from tests.study.commands.conftest import STUDY, Gradscape, gradscape, study_file

__all__ = ["gradscape", "study_file"]


def claims(tmp_path: Path, storage: str) -> list[object]:
    config = StudyConfig.from_text(f"{STUDY}storage: {storage}\n")
    return list(study_claims(config, StudyPaths(home=tmp_path, study="small")))


def test_by_default_the_studys_folder_alone(tmp_path: Path) -> None:
    (only,) = claims(tmp_path, "")
    assert isinstance(only, LockFile)


def test_in_a_data_base_the_folder_and_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, row = claims(tmp_path, f"sqlite:///{tmp_path}/optuna.db")
    assert isinstance(folder, LockFile) and isinstance(row, LeaseTable)
    assert (row.term_s, row.renew_s) == (60.0, 10.0)
    monkeypatch.setenv("GRADSCAPE_LEASE_SECONDS", "120")
    _, row = claims(tmp_path, f"sqlite:///{tmp_path}/optuna.db")
    assert isinstance(row, LeaseTable) and row.term_s == 120.0


@pytest.mark.parametrize("given", ["soon", "0", "-5", "nan", "1e9"])
def test_a_lease_lasts_from_a_second_to_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("GRADSCAPE_LEASE_SECONDS", given)
    with pytest.raises(InputError) as refused:
        claims(tmp_path, f"sqlite:///{tmp_path}/optuna.db")
    assert str(refused.value) == (
        f"GRADSCAPE_LEASE_SECONDS must be seconds from 1 to 86400, but got {given!r}"
    )


def test_two_homes_with_one_journal_hold_each_other(
    gradscape: Gradscape, study_file: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "shared" / "journal"
    study_file.write_text(f"{STUDY}storage: {journal}\n")
    ours = study_claims(
        StudyConfig.from_text(study_file.read_text()), StudyPaths(home=tmp_path, study="small")
    )
    with hold(ours[1:], this_process(tmp_path)):
        said = gradscape("run", study_file, "--local-mode", "--home", tmp_path / "other")
        assert said.code == 2 and "study small is being run by process " in said.err
        # Another study in the same journal is nobody's.
        study_file.write_text(study_file.read_text().replace("study: small", "study: large"))
        said = gradscape("run", study_file, "--local-mode", "--no-report", "--trials", 2)
        assert said.code == 0, said

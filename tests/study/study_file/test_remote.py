from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study.study_file import check_for_elsewhere

STUDY = """
study: small
task: digits
network: mlp
hyperparameters: {depth: [1, 2], activation: tanh}
steps: 10
trials: 4
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def test_addresses_are_the_clusters_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DB", raising=False)
    found = check_for_elsewhere(write(tmp_path, STUDY + "storage: ${DB}\n"))
    assert found.study == "small" and found.own == ()


def test_what_is_wrong_is_found_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"small.yaml: steps: must be an integer >= 1"):
        check_for_elsewhere(write(tmp_path, STUDY.replace("10", "-1")))
    with pytest.raises(InputError, match=r"small.yaml: study: must be 1 to 100 letters"):
        check_for_elsewhere(write(tmp_path, STUDY.replace("small", "../small")))
    with pytest.raises(InputError, match=r"nowhere.yaml: no such file"):
        check_for_elsewhere(tmp_path / "nowhere.yaml")


def test_a_password_never_leaves(tmp_path: Path) -> None:
    file = write(tmp_path, STUDY + "storage: postgresql://ann:hunter2@db/studies\n")
    with pytest.raises(InputError, match="storage: a study file holds no password") as caught:
        check_for_elsewhere(file)
    assert "hunter2" not in str(caught.value)


def test_what_needs_variables_that_are_not_set_here_is_left_to_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("N_STEPS", raising=False)
    check_for_elsewhere(write(tmp_path, STUDY.replace("10", '"${N_STEPS}"')))
    # With a default all is known.
    with pytest.raises(InputError, match="steps: must be an integer"):
        check_for_elsewhere(write(tmp_path, STUDY.replace("10", '"${N_STEPS:-none}"')))


def test_names_are_needed_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="study: must be written out: it is needed before"):
        check_for_elsewhere(write(tmp_path, STUDY.replace("small", "${NAME}")))


def test_code_of_ones_own(tmp_path: Path) -> None:
    text = STUDY.replace("network: mlp", "network: mine.nets:deep").replace(
        "{depth: [1, 2], activation: tanh}", "{depth: [1, 2]}"
    )
    assert check_for_elsewhere(write(tmp_path, text)).own == ("mine.nets:deep",)

"""What people type: misspelt keys and options, a name where a file is wanted, and the reverse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study.commands.conftest import STUDY, Gradscape, train_in_process

QUICK = STUDY.replace("steps: 60", "steps: 5").replace("trials: 12", "trials: 2")


def test_wrote_trails_for_trials(gradscape: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(STUDY.replace("trials:", "trails:"))
    said = gradscape("check", "bad.yaml")
    assert said.code == 2
    assert said.err.startswith(
        "gradscape: bad.yaml: trails: unknown key 'trails'; did you mean 'trials'? known: "
    )


@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("steps: 60", "epochs: 60", "did you mean 'steps' (batches, not passes over the data)?"),
        ("learning_rate:", "lr:", "did you mean 'learning_rate'?"),
        ("  width: 16", "  hidden_size: 16", "did you mean 'width'?"),
        ("  width: 16", "  dropout: 0.1", None),
    ],
)
def test_wrote_a_word_of_another_library(
    gradscape: Gradscape, tmp_path: Path, old: str, new: str, question: str | None
) -> None:
    (tmp_path / "bad.yaml").write_text(STUDY.replace(old, new))
    said = gradscape("check", "bad.yaml")
    assert said.code == 2
    assert question in said.err if question else "did you mean" not in said.err


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("rnu a.yaml", "gradscape: no command rnu; did you mean run? (see gradscape --help)"),
        ("run", "gradscape run: needs STUDY.yaml (see gradscape run --help)"),
        (
            "run a.yaml --trails 3",
            "gradscape run: no option --trails; did you mean --trials? (see gradscape run --help)",
        ),
        (
            "run a.yaml --trials few",
            "gradscape run: --trials: must be an integer (see gradscape run --help)",
        ),
        (
            "run a.yaml b.yaml",
            "gradscape run: does not take b.yaml as well (see gradscape run --help)",
        ),
    ],
)
def test_mistyped_a_command(gradscape: Gradscape, tmp_path: Path, typed: str, line: str) -> None:
    (tmp_path / "a.yaml").write_text(STUDY)
    said = gradscape(*typed.split())
    assert (said.code, said.out, said.err) == (2, "", f"{line}\n")


def test_asked_for_the_version(gradscape: Gradscape) -> None:
    said = gradscape("--version")
    assert said.code == 0 and said.out.startswith("gradscape 0.") and "torch 2." in said.out


def test_asked_for_nothing(gradscape: Gradscape) -> None:
    said = gradscape()
    assert said.code == 2 and "Commands" in said.out and said.err == ""


def test_checked_what_init_wrote_by_its_name(gradscape: Gradscape) -> None:
    assert gradscape("init", "digits-mlp-quick").code == 0
    said = gradscape("check", "digits-mlp-quick", "--file-only")
    assert said.code == 0 and said.err == "" and "digits-mlp-quick: mlp on digits" in said.out


def test_checked_a_preset_that_was_never_written(gradscape: Gradscape, tmp_path: Path) -> None:
    said = gradscape("check", "digits-mlp-quick", "--file-only")
    assert said.code == 0 and "digits-mlp-quick: mlp on digits" in said.out
    assert "taking preset digits-mlp-quick" in said.err
    assert not list(tmp_path.iterdir())


def test_misspelt_a_file(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("check", "smal.yaml")
    assert said.code == 2
    assert said.err == (
        "gradscape: smal.yaml: no such file, study of ./gradscape or preset; did you mean "
        "'small'? `gradscape init` writes a study file\n"
    )


def test_named_a_study_by_its_file_and_a_file_by_its_study(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    """The file has another name than the study, as files of one's own often do."""
    home = tmp_path / "elsewhere"
    train_in_process(QUICK, home=home)
    (tmp_path / "mine.yaml").write_text(QUICK)
    for named in ("small", "mine.yaml", "mine"):
        for command in ("status", "logs"):
            said = gradscape(command, named, "--home", home)
            assert said.code == 0, (command, named, said)
    said = gradscape("report", "mine.yaml", "--figures", "none", "--home", home)
    assert said.code == 0, said
    (tmp_path / "mine.yaml").unlink()
    said = gradscape("status", "small.yaml", "--home", home)
    assert said.code == 0 and "2 of 2 trials done" in said.out
    said = gradscape("run", "small", "--home", home, "--local-mode", "--no-report")
    assert said.code == 0 and "2 of 2 trials done, 0 in this run" in said.out
    assert "as study small was last run" in said.err


def test_listed_a_home_without_studies(gradscape: Gradscape) -> None:
    for command in (["list"], ["report", "small"], ["status", "small"]):
        said = gradscape(*command)
        assert "./gradscape" in said.out + said.err
    assert gradscape("list").out == "no studies in ./gradscape; start with: gradscape init\n"


@pytest.mark.parametrize(
    ("trials", "notice"),
    [
        (7, "1 of its 4 configurations gets no trial and one gets 1 of its 3 seeds"),
        (6, "2 of its 4 configurations get no trial"),
        (12, None),
    ],
)
def test_gave_a_grid_with_seeds_too_few_trials(
    gradscape: Gradscape, tmp_path: Path, trials: int, notice: str | None
) -> None:
    (tmp_path / "grid.yaml").write_text(
        "study: grid\ntask: digits\nnetwork: mlp\nsampler: grid\nseeds: 3\nsteps: 5\n"
        f"trials: {trials}\nhyperparameters: {{depth: [1, 2], width: [4, 8]}}\n"
    )
    said = gradscape("check", "grid.yaml", "--file-only")
    assert said.code == 0
    if notice is None:
        assert "cover" not in said.out
    else:
        assert f"trials: {trials} does not cover the grid: {notice}; `trials: 12`" in said.out

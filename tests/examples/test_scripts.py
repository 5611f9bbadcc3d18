"""The notebook-style examples: each runs from top to bottom and answers its question."""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path

import pytest

from analysis import load_trials
from tests.support.driver import ROOT
from tests.support.synthetic import synthetic_tables, write_study

EXAMPLES = ROOT / "examples"

ANSWERS = {
    "where_is_it_safe": [
        "% stable, at least 9",
        "% of what is stable",
        "no region was tested",
        "0.01–0.1",
    ],
    "where_is_the_edge": ["largest_high", "depth", "estimate"],
    "what_moves_it": ["learning_rate", "importance"],
    "what_would_fix_my_network": ["healed", "cause", "gradients change by"],
    "is_it_what_theory_says": ["agreement", "half of", "trial"],
}
"""What each prints, among other things."""

OWN_LOSSES = ("chirps_with_ctc", "variational_autoencoder")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("examples")
    write_study(made, synthetic_tables(240, seed=6))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERS)
def test_it_answers_its_question(name, home, monkeypatch, capsys) -> None:
    monkeypatch.setenv("GRADSCAPE_HOME", str(home))
    monkeypatch.setattr("sys.argv", [f"{name}.py", "digits-mlp"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert all(answer in printed for answer in ANSWERS[name]), printed


@pytest.mark.slow
def test_a_network_and_a_task_of_ones_own(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["my_own_network.py", str(tmp_path)])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    runpy.run_path(str(EXAMPLES / "my_own_network.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "stable" in printed and "probability" in printed
    assert (tmp_path / "studies" / "rings" / "report" / "index.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", OWN_LOSSES)
def test_losses_of_ones_own(name: str, monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", [f"{name}.py", str(tmp_path)])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    became = {float(row[0]): row[1] for row in rows if len(row) == 3 and row[0][0].isdigit()}
    assert len(became) == 4
    assert all(
        verdict == ("exploding" if rate >= 1 else "stable") for rate, verdict in became.items()
    )


@pytest.mark.slow
def test_the_boundary_sampler_in_a_plain_optuna_study(capsys) -> None:
    runpy.run_path(str(EXAMPLES / "boundary_sampler.py"), run_name="__main__")
    filling, boundary = capsys.readouterr().out.splitlines()

    def near(line: str) -> int:
        return int(line.split(", ")[1].partition("%")[0])

    assert near(boundary) > near(filling)


@pytest.mark.slow
def test_every_trial_of_a_sweep_that_exists_is_a_row_of_a_study(
    monkeypatch, capsys, tmp_path: Path
) -> None:
    from study.commands.app import app

    monkeypatch.syspath_prepend(str(EXAMPLES))
    example = importlib.import_module("my_own_sweep")
    monkeypatch.setattr(example, "TRIALS", 8)
    # The same commands, without a new process each.
    monkeypatch.setattr(example, "gradscape", lambda given: app(given, standalone_mode=False))
    sweep = example.main(tmp_path)
    assert "added 8 runs" in capsys.readouterr().out
    page = (tmp_path / "studies" / "my-sweep" / "report" / "index.html").read_text("utf-8")
    assert "my-sweep" in page and "evenly placed trials in it" not in page
    trials = load_trials("my-sweep", home=tmp_path)
    rows = trials[["learning_rate", "depth"]].to_dict("records")
    assert sorted(map(str, rows)) == sorted(str(each.params) for each in sweep.trials)
    # A rate of 12.9 is among them, and Optuna's own table cannot say what became of it.
    assert trials.loc[trials["learning_rate"].idxmax(), "cause"] == "large_steps"
    example.gradscape(["import", "my-sweep", str(tmp_path / "runs"), "--home", str(tmp_path)])
    assert "added 0 runs; 8 in all" in capsys.readouterr().out


def test_every_example_is_run_here_and_has_cells() -> None:
    scripts = {path.stem: path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.py")}
    others = {"my_own_network", "my_own_sweep", "boundary_sampler"}
    assert set(scripts) == {*ANSWERS, *OWN_LOSSES, *others}
    assert all(text.count("# %%") >= 3 for text in scripts.values())

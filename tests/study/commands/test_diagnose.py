"""`gradscape diagnose` as people run it."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from study.commands.app import main
from study.diagnosis import run
from study.diagnosis.search import searching
from tests.study.commands.conftest import STUDY, Gradscape
from tests.support.repository import ROOT

DEEP = ("--set", "depth=12", "--set", "activation=sigmoid", "--seeds", "2")
SHALLOW = ("--set", "depth=1", "--set", "learning_rate=0.5", "--seeds", "2")


@pytest.mark.slow
def test_a_deep_sigmoid_network_is_explained(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *DEEP, "--no-remedies")
    assert said.code == 0 and said.err == ""
    assert said.out.startswith("2 of 2 seeds: vanishing because "), "first what and why"
    assert "of their size at every layer" in said.out, "the factor per layer is named"
    assert "hidden_12" in said.out and "█" in said.out
    assert "gradient ratio R" in said.out and "stable up to" in said.out
    assert "--set" not in said.out and "tried" not in said.out
    assert said.out.splitlines()[-1].startswith("trained: mlp on digits, 60 steps, depth=12")


def test_json(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *DEEP, "--no-remedies", "--json")
    found = json.loads(said.out)
    assert found["verdicts"] == {"vanishing": 2} and found["stable"] == 0
    assert sum(found["causes"].values()) == 2 and not found["interrupted"]
    (explanation,) = found["explanations"]
    assert explanation["summary"].startswith("vanishing because ")
    assert found["hyperparameters"]["depth"] == 12
    deltas = [one["initial"] for one in found["gradients"]]
    assert len(deltas) == 13 and deltas[0] < 1e-6 * deltas[-1]
    assert found["expectation"]["ratio"]["median"] == pytest.approx(
        deltas[0] / deltas[11], rel=1.0
    )
    assert found["remedies"] is None and found["tried"] is None
    assert [one["trial"] for one in found["trials"]] == [0, 1]


@pytest.mark.slow
def test_a_remedy_trains_when_it_is_set(gradscape: Gradscape, study_file: Path) -> None:
    options = ("--set", "depth=4", "--set", "learning_rate=20", "--seeds", "2")
    found = json.loads(gradscape("diagnose", study_file, *options, "--remedies", 1, "--json").out)
    assert found["stable"] == 0
    (remedy,) = found["remedies"]
    assert remedy["stable"] == remedy["seeds"] == 2
    sizes = [one["size"] for one in found["tried"] if one["stable"] == 2]
    assert remedy["size"] == min(sizes) and len(found["tried"]) <= found["candidates"]
    change = f"{remedy['hyperparameter']}={remedy['after']}"
    again = json.loads(
        gradscape("diagnose", study_file, *options, "--set", change, "--no-remedies", "--json").out
    )
    assert again["verdicts"] == {"stable": 2}
    # The same seeds: the same trials.
    before = [one["metric_final"] for one in remedy["trials"]]
    assert [one["metric_final"] for one in again["trials"]] == pytest.approx(before, abs=0.05)


def test_a_stable_configuration_is_told_so(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *SHALLOW, "--steps", 120)
    assert said.code == 0 and said.out.startswith("2 of 2 seeds: stable\n")
    assert "nothing needs to be changed" in said.out


@pytest.mark.slow
def test_what_was_tried_in_vain_is_told(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *DEEP, "--steps", 2)
    assert said.code == 0
    assert "no single change of those tried makes it stable" in said.out
    assert re.search(r"nearest: --.*, 0 of 1 stable, accuracy [\d.]+ -> [\d.]+", said.out)
    assert re.search(r"tried in vain: .*learning_rate [\d.e-]+ to \d+", said.out)


def test_a_terminal_without_unicode(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdout", shown)
    options = [str(one) for one in ("--steps", 5, "--no-remedies", *SHALLOW)]
    monkeypatch.setattr(sys, "argv", ["gradscape", "diagnose", str(study_file), *options])
    with pytest.raises(SystemExit, match="0"):
        main()
    shown.flush()
    assert b"###" in shown.buffer.getvalue()  # type: ignore[attr-defined]


def test_names_of_a_persons_own_are_no_markup(gradscape: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "tagged.py").write_text(
        """
from torch import nn

def net(hyperparameters, task):
    return nn.Sequential(nn.Flatten(), nn.Linear(task.features, task.outputs))
"""
    )
    path = tmp_path / "tagged.yaml"
    own = STUDY.replace("network: mlp", "network: tagged:net").replace("  width: 16\n", "")
    path.write_text(own.replace("  depth: [1, 2]", '  tag: "[red]é[/red]"'))
    said = gradscape("diagnose", path, "--steps", 3, "--seeds", 1, "--no-remedies")
    assert said.code == 0, said
    assert "tag=[red]é[/red]" in said.out


def interrupt(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *, at: int) -> None:
    """Ctrl-C while the module trains for this time, counted from 1."""
    train, calls = module.train, count(1)

    def interrupted(*arguments: object, **options: object) -> object:
        if next(calls) == at:
            raise KeyboardInterrupt
        return train(*arguments, **options)

    monkeypatch.setattr(module, "train", interrupted)


FAILING = ("--set", "depth=1", "--set", "learning_rate=1e-6", "--steps", 10, "--seeds", 2)


BEFORE = "gradscape: interrupted before the first seed was trained\n"


def test_ctrl_c_before_the_first_seed_leaves_nothing_to_say(
    gradscape: Gradscape, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, run, at=1)
    said = gradscape("diagnose", study_file, *FAILING)
    assert (said.code, said.out, said.err) == (130, "", BEFORE)


def test_ctrl_c_while_other_seeds_are_trained_keeps_the_first(
    gradscape: Gradscape, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "FIRST_ALONE_S", 0.0)
    interrupt(monkeypatch, run, at=2)
    said = gradscape("diagnose", study_file, *FAILING)
    assert said.code == 130 and said.err.count("\n") == 1
    assert said.out.startswith("first of 2 seeds: ")
    assert "size of the gradient by layer" in said.out and "seeds: " not in said.out[30:]


def test_ctrl_c_in_the_search_keeps_what_was_tried(
    gradscape: Gradscape, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, searching, at=2)
    said = gradscape("diagnose", study_file, *FAILING)
    assert said.code == 130 and said.out.startswith("2 of 2 seeds: ")
    assert "interrupted after " in said.out and "size of the gradient by layer" in said.out
    interrupt(monkeypatch, searching, at=2)
    said = gradscape("diagnose", study_file, *FAILING, "--json", "--plot", "page.html")
    found = json.loads(said.out)
    assert "Everything that was tried" in Path("page.html").read_text("utf-8")
    assert said.code == 130 and found["interrupted"] and found["verdicts"]
    assert 0 < len(found["tried"]) < found["candidates"]
    assert all(isinstance(one["metric"], float) for one in found["tried"])


def test_the_first_seed_is_told_of_before_the_others_are_trained(
    gradscape: Gradscape, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "FIRST_ALONE_S", 0.0)
    said = gradscape("diagnose", study_file, *DEEP, "--no-remedies")
    first, why, both, *rest = said.out.splitlines()
    assert first.startswith("first of 2 seeds: vanishing because ") and why.startswith("  ")
    assert both == first.replace("first of 2 seeds", "2 of 2 seeds")
    assert not any(line.startswith("  typical seed") for line in rest), "said already"


def test_a_long_training_is_looked_at_before_its_first_seed(
    gradscape: Gradscape, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LOOK_S", 0.0)
    said = gradscape("diagnose", study_file, *DEEP, "--no-remedies")
    look, verdict, *_ = said.out.splitlines()
    assert re.fullmatch(
        r"at initialization: the first layer receives \S+ of the gradient that the last one does "
        r"\(vanishing; such a network may train all the same\)",
        look,
    )
    assert verdict.startswith("2 of 2 seeds: ")


def test_a_page_says_what_the_terminal_says(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *FAILING, "--no-remedies", "--plot", "page.html")
    assert said.code == 0 and said.out.splitlines()[-1] == "page     page.html"
    page = Path("page.html").read_text("utf-8")
    verdict = said.out.splitlines()[0].partition(": ")[2]
    assert f"{verdict[:1].upper()}{verdict[1:]}</h1>" in page
    assert "mlp on digits, 10 steps" in page and "hidden_1" in page


@pytest.mark.parametrize(
    ("place", "words"), [(".", "is a folder"), ("none/page.html", "there is no folder")]
)
def test_a_page_that_cannot_be_written_is_refused_before_training(
    gradscape: Gradscape, study_file: Path, place: str, words: str
) -> None:
    said = gradscape("diagnose", study_file, *FAILING, "--plot", place)
    assert (said.code, said.out) == (2, "") and words in said.err
    assert said.err.startswith("gradscape: --plot: ") and said.err.count("\n") == 1


@pytest.mark.slow
def test_ctrl_c_on_a_terminal_ends_the_bar_and_keeps_what_was_found(
    study_file: Path, tmp_path: Path
) -> None:
    shown, terminal = pty.openpty()
    options = [str(one) for one in (*FAILING[:4], "--steps", 400)]
    with subprocess.Popen(
        [sys.executable, "-m", "study", "diagnose", str(study_file), *options],
        stdout=subprocess.PIPE,
        stderr=terminal,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        os.close(terminal)
        bar = ""
        while not re.search(r"[1-9]\d* of \d+ tried", bar):
            bar += os.read(shown, 4096).decode(errors="replace")
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # Linux says so when the other end of a terminal is closed.
            while more := os.read(shown, 4096):
                bar += more.decode(errors="replace")
        assert process.stdout is not None
        said = process.stdout.read().decode()
    assert process.returncode == 130
    assert "about" in bar and "left" in bar and "interrupted; what was known" in bar
    assert said.startswith("5 of 5 seeds: ") and "interrupted after " in said
    assert "\x1b" not in said, "standard output is no terminal"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("depth", "NAME=VALUE"),
        ("depth=zero", "must be an integer >= 1, but got 'zero'"),
        ("dept=3", "did you mean 'depth'"),
        ("beta1=0.5", "applies only when optimizer is adam or adamw"),
        ("batch_size=9999", "9999"),
    ],
)
def test_a_wrong_setting_is_one_line(
    gradscape: Gradscape, study_file: Path, setting: str, words: str
) -> None:
    said = gradscape("diagnose", study_file, "--set", setting)
    assert said.code == 2 and said.out == ""
    assert said.err.count("\n") == 1 and words in said.err


@pytest.mark.slow
def test_thirty_sigmoid_layers_and_three_ways_out(gradscape: Gradscape) -> None:
    gradscape("init", "digits-mlp")
    settings = ("--set", "depth=30", "--set", "activation=sigmoid", "--seeds", "3")
    found = json.loads(gradscape("diagnose", "digits-mlp.yaml", *settings, "--json").out)
    assert found["verdicts"] == {"vanishing": 3}
    assert (
        "gradients shrink to 0.14 of their size at every layer" in found["explanations"][0]["text"]
    )
    assert len(found["remedies"]) == 3
    assert all(one["stable"] >= 2 and one["seeds"] == 3 for one in found["remedies"])
    chance = found["trials"][0]["metric_chance"]
    assert all(one["metric"] > chance + 0.5 for one in found["remedies"])
    assert len({one["hyperparameter"] for one in found["remedies"]}) == 3

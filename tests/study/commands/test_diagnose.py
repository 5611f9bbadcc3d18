"""`gradscape diagnose` as people run it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from study.commands.app import main
from tests.study.commands.conftest import STUDY, Gradscape

DEEP = ("--set", "depth=12", "--set", "activation=sigmoid", "--seeds", "2")
SHALLOW = ("--set", "depth=1", "--set", "learning_rate=0.5", "--seeds", "2")


@pytest.mark.slow
def test_a_deep_sigmoid_network_is_explained(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *DEEP, "--no-remedies")
    assert said.code == 0 and said.err == ""
    assert "2 vanishing of 2 seeds" in said.out
    assert "of their size at every layer" in said.out, "the factor per layer is named"
    assert "hidden_12" in said.out and "█" in said.out
    assert "gradient ratio R" in said.out and "stable up to" in said.out
    assert "--set" not in said.out and "tried" not in said.out


def test_json(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *DEEP, "--no-remedies", "--json")
    found = json.loads(said.out)
    assert found["verdicts"] == {"vanishing": 2} and found["stable"] == 0
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
    assert said.code == 0 and "2 stable of 2 seeds" in said.out
    assert "it is stable: nothing needs to be changed" in said.out


@pytest.mark.slow
def test_what_was_tried_in_vain_is_told(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, *SHALLOW, "--steps", 2)
    assert said.code == 0
    assert "no single change of those tried makes it stable" in said.out
    assert "tried in vain: " in said.out and "learning_rate 0.05 to 500" in said.out


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
    assert "tag=[red]é[/red]" in said.out and "theory is silent" not in said.out.splitlines()[0]


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
    settings = ("--set", "depth=30", "--set", "activation=sigmoid")
    found = json.loads(gradscape("diagnose", "digits-mlp.yaml", *settings, "--json").out)
    assert found["verdicts"] == {"vanishing": 5}
    assert (
        "gradients shrink to 0.14 of their size at every layer" in found["explanations"][0]["text"]
    )
    assert len(found["remedies"]) == 3
    assert all(one["stable"] >= 4 and one["seeds"] == 5 for one in found["remedies"])
    chance = found["trials"][0]["metric_chance"]
    assert all(one["metric"] > chance + 0.5 for one in found["remedies"])
    assert len({one["hyperparameter"] for one in found["remedies"]}) == 3

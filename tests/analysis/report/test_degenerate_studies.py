"""Studies with hardly anything in them: each gives a page that says what is missing."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from analysis import write_report
from tests.analysis.report.test_write_report import Words
from tests.support.synthetic import RATE, SPACE, Tables, synthetic_tables, write_study

pytestmark = pytest.mark.slow


def never_trained(number: int = 60) -> Tables:
    tables = synthetic_tables(number, seed=3)
    rng = np.random.default_rng(0)
    failures = rng.choice(["exploding", "vanishing", "oscillating", "stalled"], number)
    stable = tables.trials["verdict"] == "stable"
    tables.trials.loc[stable, "verdict"] = failures[stable]
    tables.trials.loc[stable, "outcome"] = "stalled"
    return tables


def unobserved_category(number: int = 40) -> Tables:
    tables = synthetic_tables(number, seed=4)
    tables.trials.loc[tables.trials["activation"] == "selu", "activation"] = "tanh"
    tables.trials.loc[tables.trials["depth"] == 32, "depth"] = 16
    return tables


def nothing_varies(number: int = 20) -> Tables:
    fixed = {"learning_rate": {"kind": "fixed", "value": 0.01}, "depth": SPACE["width"]}
    return synthetic_tables(number, space=fixed)


def no_series(number: int = 30) -> Tables:
    tables = synthetic_tables(number)
    return Tables(
        trials=tables.trials,
        steps=tables.steps.head(0),
        layers=tables.layers.head(0),
        metadata=tables.metadata,
    )


def nothing_finite(number: int = 30) -> Tables:
    """Trials that broke at step 0, so that no figure of theirs is a number."""
    tables = synthetic_tables(number, verdict="exploding")
    for frame in (tables.trials, tables.steps, tables.layers):
        for name in frame.columns:
            if frame[name].dtype == "float64" and name not in SPACE:
                frame[name] = np.nan
    tables.trials["loss_final"] = np.inf
    tables.layers["delta_rms"] = np.nan
    return tables


STUDIES = {
    "ten trials": lambda: synthetic_tables(10, seed=2),
    "one trial": lambda: synthetic_tables(1),
    "two trials": lambda: synthetic_tables(2, seed=5),
    "all stable": lambda: synthetic_tables(40, verdict="stable"),
    "all exploding": lambda: synthetic_tables(40, verdict="exploding"),
    "never trained": never_trained,
    "one hyperparameter": lambda: synthetic_tables(60, space=RATE),
    "one category": lambda: synthetic_tables(30, space={"activation": SPACE["activation"]}),
    "nothing varies": nothing_varies,
    "unobserved category": unobserved_category,
    "no series": no_series,
    "nothing finite": nothing_finite,
}
"""Makers of the studies by name."""


@pytest.fixture(scope="module", params=STUDIES)
def made(request, tmp_path_factory):
    """The name of a study, and the folder of its report."""
    home = tmp_path_factory.mktemp("degenerate")
    write_study(home, STUDIES[request.param](), parts=1, name="study")
    return request.param, write_report("study", home=home).parent


def test_its_page_is_readable(made):
    name, folder = made
    words = Words((folder / "index.html").read_text(encoding="utf-8"))
    odd = re.search(r"\b(nan|inf|undefined|float64)\b|<NA>|\bNone\b(?! was)", words.text)
    assert odd is None, words.text[odd.start() - 80 : odd.end() + 80]
    assert words.tags.count("h1") == 1
    assert "methods and references" in words.text


def test_it_says_what_is_missing(made):
    name, folder = made
    text = Words((folder / "index.html").read_text(encoding="utf-8")).text
    expected = {
        "ten trials": [
            "10 trials of mlp on digits",
            "have no trial.",
            "Most cells hold fewer than 5 trials",
        ],
        "one trial": ["1 trial of mlp", "there is no map to draw"],
        "all stable": ["No trial of this study was exploding or vanishing", "All trials agree"],
        "all exploding": [
            "No trial of this study was stable",
            "All trials agree",
            "No cell has a stable trial",
        ],
        "never trained": ["No trial of this study was stable"],
        "one hyperparameter": [
            "1 hyperparameter varied",
            "Most reliable cell: learning rate",
        ],
        "one category": ["1 hyperparameter varied", "learning rate did not vary"],
        "nothing varies": ["there is no map to draw", "learning rate did not vary"],
        "unobserved category": ["selu", "have no trial."],
        "no series": ["no gradients by layer of this trial", "no losses by step"],
    }
    if name in ("all stable", "all exploding"):
        assert text.count("typical of") == 1
    if name == "all stable":
        assert "No cell has a stable trial" not in text
    for sentence in expected.get(name, []):
        assert sentence in text, sentence


def test_its_files_are_sound(made):
    _, folder = made
    summary = json.loads(
        (folder / "summary.json").read_text(),
        parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"),
    )
    assert summary["trials"] == len(pd.read_csv(folder / "trials.csv"))
    assert sum(row["trials"] for row in summary["verdicts"]) == summary["trials"]
    assert (folder / "report.md").read_text(encoding="utf-8").startswith("# ")


def test_trials_that_failed_are_named_apart(tmp_path):
    write_study(tmp_path, synthetic_tables(12, space=RATE), parts=1)
    reasons = {"worker lost <b>x</b>": 3, "out of memory": 1}
    page = write_report("digits-mlp", home=tmp_path, failed=reasons)
    words = Words(page.read_text(encoding="utf-8"))
    assert "4 further trials have no verdict" in words.text
    assert "worker lost <b>x</b> (3)" in words.text
    summary = json.loads((page.parent / "summary.json").read_text())
    assert summary["failed"][0] == {"reason": "worker lost <b>x</b>", "trials": 3}
    assert summary["trials"] == 12
    text = (page.parent / "report.md").read_text(encoding="utf-8")
    assert "worker lost &lt;b&gt;x&lt;/b&gt; (3)" in text

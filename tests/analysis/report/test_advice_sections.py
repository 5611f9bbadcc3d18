"""What the page says of safe regions, of what matters and of what would fix failures."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analysis import load_trials, remedies, safe_regions, stability_importance
from analysis.report.findings.evidence import gather
from analysis.report.sections import remedies as fixing
from analysis.report.sections import safe_regions as safety
from analysis.report.sections import what_matters
from analysis.report.sections.headline import headline
from tests.support.synthetic import synthetic_tables, write_study

pytestmark = pytest.mark.slow


def test_the_files_are_the_tables_of_the_functions(home, digits_report):
    trials = load_trials("digits-mlp", home=home)
    boxes = pd.read_csv(digits_report / "safe_regions.csv")
    pd.testing.assert_frame_equal(boxes, safe_regions(trials), check_dtype=False)
    table = pd.read_csv(digits_report / "remedies.csv", keep_default_na=False)
    wanted = remedies(trials, importance=stability_importance(trials))
    assert table["share"].tolist() == pytest.approx(wanted["share"].tolist())
    assert table["from"].tolist() == wanted["from"].tolist()
    importance = pd.read_csv(digits_report / "importance.csv")
    assert importance["x"].iloc[0] == "learning_rate"
    assert importance["importance"].is_monotonic_decreasing
    assert importance[["share", "information", "by_chance"]].notna().all().all()


def test_the_summary_has_the_recommended_box_as_values(home, digits_report):
    summary = json.loads((digits_report / "summary.json").read_text())
    first = summary["safe_regions"]["boxes"][0]
    # The truth of these trials: stable from 1e-3 to an edge that falls with depth.
    assert 1e-3 <= first["where"]["learning_rate"]["low"] < 2e-3
    assert first["low"] > 0.8 and summary["safe_regions"]["reason"] == ""
    assert summary["safe_regions"]["confirmed"] == []
    best = summary["remedies"]["best"]
    assert {"exploding", "stalled"} <= {row["verdict"] for row in best}
    assert all(row["sure"] and row["low"] > 0 for row in best)


def test_the_markdown_says_it_in_a_line_each(digits_report):
    text = (digits_report / "report.md").read_text()
    assert "## Where it trains" in text and "learning rate 0.0" in text
    assert "a factor 10 larger" in text and "## What fixes it" in text


def test_only_sure_remedies_are_shown_and_none_twice(home):
    best = fixing.shown(remedies(load_trials("digits-mlp", home=home)))
    assert not best.duplicated(["verdict", "hyperparameter", "from"]).any()
    assert best.groupby("verdict").size().max() <= fixing.SHOWN
    assert (best["low"] > 0).all()


@pytest.mark.parametrize("verdict", ["stable", "exploding", "stalled"])
def test_one_verdict_only_has_no_advice_and_says_why(tmp_path, verdict):
    write_study(tmp_path, synthetic_tables(40, verdict=verdict))
    evidence = gather("digits-mlp", home=tmp_path)
    safe, what, fix = (one.view(evidence) for one in (safety, what_matters, fixing))
    assert safe.regions == [] and safe.reason.endswith(".")
    assert what.single is None and what.reason.endswith(".")
    assert fix.rows == [] and fix.reason.endswith(".")
    for section in (safety.SECTION, what_matters.SECTION, fixing.SECTION):
        assert section.text(evidence)


def test_ten_trials_have_no_region(tmp_path):
    write_study(tmp_path, synthetic_tables(10))
    view = safety.view(gather("digits-mlp", home=tmp_path))
    assert view.regions == [] and "too few" in view.reason


def with_fresh(where, stable, number, promised):
    """A study of 300 trials whose run trained fresh ones in a box."""
    tables = synthetic_tables(300 + number)
    trials = tables.trials
    fresh = trials.index >= 300
    trials.loc[fresh, "design"] = "confirming"
    trials.loc[fresh, "confirms"] = json.dumps({"where": where, "promised": promised})
    trials.loc[fresh, "verdict"] = ["stable"] * stable + ["exploding"] * (number - stable)
    return tables


@pytest.mark.parametrize(
    ("stable", "promised", "says"),
    [
        # Clopper and Pearson's bounds at 95 %, one-sided: 0.9049 and 0.288.
        (47, 0.9, "47 of 48 fresh trials trained (at least 90 %, with 95\u00a0% confidence)"),
        (20, 0.9, "20 of 48 fresh trials trained, too few for the 90 % that were expected"),
    ],
)
def test_fresh_trials_are_held_against_the_promise(tmp_path, stable, promised, says):
    where = {"learning_rate": {"low": 0.002, "high": 0.02}}
    write_study(tmp_path, with_fresh(where, stable, 48, promised))
    evidence = gather("digits-mlp", home=tmp_path)
    view, summary = safety.view(evidence), safety.SECTION.summary(evidence)
    if stable == 47:
        first = summary["regions"][0]
        assert view.regions[0].confirmed == says and first["recommended"]
        assert first["where"] == where and first["confirmation"]["stable"] == 47
    else:
        assert view.refuted == [f"Learning rate 0.002–0.02: {says}."]
        assert all(region["where"] != where for region in summary["regions"])


def test_shares_of_the_space_leave_fresh_trials_out(tmp_path):
    where = {"learning_rate": {"low": 0.002, "high": 0.02}}
    write_study(tmp_path, with_fresh(where, 48, 48, 0.9))
    view = headline(gather("digits-mlp", home=tmp_path))
    assert view.trials == 300 and sum(row["trials"] for row in view.counts) == 300

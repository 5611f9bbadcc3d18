from __future__ import annotations

import html.parser
import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import (
    AnalysisError,
    StudyNotFound,
    largest_learning_rate,
    load_layers,
    load_trials,
    ratio_errors,
    rule_agreement,
    verdict_counts,
    write_report,
)
from tests.support.synthetic import RATE, SPACE, Tables, synthetic_tables, write_study
from tests.support.synthetic_signals import NEW_COLUMNS

FILES = {
    "index.html",
    "report.md",
    "summary.json",
    "regions.csv",
    "settling.csv",
    "boundaries.csv",
    "boundary_bands.csv",
    "learning_rates.csv",
    "importance.csv",
    "interactions.csv",
    "reliability.csv",
    "remedies.csv",
    "safe_regions.csv",
    "theory.csv",
    "flags.csv",
    "published_rules.csv",
    "rule_kappa.csv",
    *(f"{name}.{kind}" for name in ("trials", "steps", "layers") for kind in ("csv", "parquet")),
}
HOSTILE = "<script>alert(1)</script>"

pytestmark = pytest.mark.slow


class Words(html.parser.HTMLParser):
    """What a reader sees of a page, and the tags and scripts it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.ids: list[str] = []
        self._inside = ""
        self.feed(page)
        self.text = re.sub(r"\s+", " ", " ".join(self.seen))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        (self.scripts if self._inside else self.seen).append(data)


@pytest.fixture
def report(digits_report):
    """The folder of the report of `digits-mlp`."""
    return digits_report


def page_of(tables: Tables, home) -> Words:
    write_study(home, tables, parts=1, name="study")
    return Words(write_report("study", home=home).read_text(encoding="utf-8"))


def test_it_writes_all_files_beside_the_study(tmp_path):
    write_study(tmp_path, synthetic_tables(10, space=RATE))
    page = write_report("digits-mlp", home=tmp_path)
    assert page == tmp_path / "studies" / "digits-mlp" / "report" / "index.html"
    assert {path.name for path in page.parent.iterdir()} == FILES


def test_the_files_hold_what_the_tables_hold(home, report):
    trials = load_trials("digits-mlp", home=home)
    written = pq.read_table(report / "trials.parquet").to_pandas()
    pd.testing.assert_frame_equal(written, trials, check_dtype=False)
    csv = pd.read_csv(report / "trials.csv")
    np.testing.assert_allclose(csv["learning_rate"], trials["learning_rate"])
    assert np.isposinf(csv["clip_norm"]).sum() == np.isposinf(trials["clip_norm"]).sum()
    layers = pq.read_table(report / "layers.parquet")
    assert layers.num_rows == len(load_layers("digits-mlp", home=home))
    windows = pd.read_csv(report / "learning_rates.csv")
    np.testing.assert_allclose(windows["largest"], largest_learning_rate(trials)["largest"])
    boundaries = pd.read_csv(report / "boundaries.csv")
    assert set(boundaries["by"].dropna()) == {"depth", "activation", "initialization", "clip_norm"}
    assert boundaries["trials"].sum() == 5 * 512
    regions = pd.read_csv(report / "regions.csv", keep_default_na=True)
    assert set(regions.groupby(["x_name", "y_name"])["trials"].sum()) == {512}


def test_the_summary_is_strict_json_and_true(home, report):
    text = (report / "summary.json").read_text()
    summary = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    trials = load_trials("digits-mlp", home=home)
    assert summary["trials"] == 512 and summary["study"] == "digits-mlp"
    counted = {row["verdict"]: row["trials"] for row in summary["verdicts"]}
    expected = verdict_counts(trials)
    assert counted == dict(zip(expected["verdict"], expected["trials"], strict=True))
    assert len(summary["boundaries"]) == 19 and len(summary["learning_rates"]) == 25
    assert len(summary["maps"]) == 4
    assert {row["verdict"] for row in summary["typical"]} == set(trials["verdict"])


def test_the_page_needs_nothing_from_outside(report):
    page = (report / "index.html").read_text(encoding="utf-8")
    words = Words(page)
    assert not re.search(r'<(link|img|iframe|script)[^>]*(src|href)="(?!data:)', page)
    assert words.ids.count("plotly") == 1, "the library is inside, once"
    assert len(page) < 10_000_000


def test_no_two_things_on_the_page_have_the_same_id(report):
    """A figure is drawn into what has its id."""
    ids = Words((report / "index.html").read_text(encoding="utf-8")).ids
    assert len(ids) > 20 and len(ids) == len(set(ids))


def test_the_page_tells_the_numbers_of_the_study(home, report):
    words = Words((report / "index.html").read_text(encoding="utf-8"))
    trials = load_trials("digits-mlp", home=home)
    stable = int((trials["verdict"] == "stable").sum())
    assert f"{stable} of 512" in words.text
    assert "512 trials of 512 configurations, 1 seed each" in words.text
    for verdict in ("stable", "exploding", "vanishing", "oscillating", "stalled"):
        assert re.search(rf"{verdict} trial \d+, typical of \d+", words.text)
    assert re.search(r"MLflow run run\d{29}", words.text)
    assert "Gradients change by 0.4 at every layer." in words.text


def test_names_that_people_wrote_come_out_as_text(tmp_path):
    space = SPACE | {
        "activation": {"kind": "choice", "choices": [HOSTILE, "<b>tanh</b>", '"&amp;é🙂' * 25]},
        "<img src=x onerror=alert(2)>": {"kind": "choice", "choices": ["</script>", "<!--"]},
    }
    tables = synthetic_tables(200, space=space, study=HOSTILE)
    tables.metadata["task"] = "</script><h1>task"
    tables.trials["explanation"] = HOSTILE
    words = page_of(tables, tmp_path)
    assert words.text.count(HOSTILE) >= 7
    assert words.tags.count("h1") == 1 and "img" not in words.tags
    assert not any("alert(1)" in script and "<script" in script for script in words.scripts)
    figures = [json.loads(script) for script in words.scripts if script.startswith('{"colors"')]
    assert len(figures) >= 8
    # Not in the assertion: to show what differs in megabytes takes pytest minutes.
    raw = [tag for tag in ("<script", "<img") if any(tag in json.dumps(each) for each in figures)]
    assert raw == []


def test_a_hyperparameter_that_applies_to_some_trials_only(tmp_path):
    names = ("learning_rate", "weight_decay")
    tables = synthetic_tables(80, space={name: SPACE[name] for name in names})
    tables.trials.loc[::2, "weight_decay"] = np.nan
    assert "mlp" in page_of(tables, tmp_path).text


def test_no_finished_trial_is_one_clear_line(tmp_path):
    (tmp_path / "studies" / "new" / "tables").mkdir(parents=True)
    with pytest.raises(AnalysisError, match="no finished trial yet"):
        write_report("new", home=tmp_path)
    assert not (tmp_path / "studies" / "new" / "report").exists()


def test_an_unknown_study_writes_nothing(tmp_path):
    with pytest.raises(StudyNotFound):
        write_report("none", home=tmp_path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    write_study(tmp_path / "home", synthetic_tables(10, space=RATE))
    tmp_path = tmp_path / "out"
    tmp_path.mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "index.html").write_text("old")
    write_report("digits-mlp", home=tmp_path.parent / "home", out=tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "index.html").stat().st_size > 1_000_000
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"notes.txt"}


def test_a_failure_leaves_the_earlier_report_as_it_was(tmp_path, monkeypatch):
    write_study(tmp_path, synthetic_tables(1))
    report = write_report("digits-mlp", home=tmp_path).parent
    before = {path.name: path.stat().st_mtime_ns for path in report.iterdir()}

    def broken(*args, **kwargs):
        raise RuntimeError("disk gone")

    monkeypatch.setattr("analysis.report.write.render_page", broken)
    with pytest.raises(RuntimeError, match="disk gone"):
        write_report("digits-mlp", home=tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in report.iterdir()} == before


def test_a_file_in_the_place_of_the_folder_is_refused(home, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(AnalysisError, match="needs a folder"):
        write_report("digits-mlp", home=home, out=tmp_path / "out")


def test_theory_flags_and_rules_are_on_the_page_in_files_and_in_the_summary(home, report):
    trials = load_trials("digits-mlp", home=home)
    summary = json.loads((report / "summary.json").read_text())
    words = Words((report / "index.html").read_text(encoding="utf-8"))
    rules = pd.read_csv(report / "published_rules.csv")
    expected = rule_agreement(trials)
    pd.testing.assert_frame_equal(rules, expected, check_dtype=False)
    assert summary["published_rules"]["recorded"] == 512
    assert [one["rule"] for one in summary["published_rules"]["rows"]] == list(rules["rule"])
    stable = int((trials["verdict"] == "stable").sum())
    assert f"Of 512 trials, {512 - stable} failed and {stable} were stable" in words.text
    kappa = pd.read_csv(report / "rule_kappa.csv", index_col="rule")
    assert kappa.loc["any_rule"].isna().all(), "it fires in every trial"
    assert kappa.loc["autotrainer.vanishing_gradient", "autotrainer.vanishing_gradient"] == 1

    flags = {row["flag"]: row for row in summary["flags"]["rows"]}
    assert flags["clip_dominated"]["trials"] == 128
    assert "No trial was flagged: clipped divergence, batchnorm explosion" in words.text

    spoken = trials[trials["predicted_regime"].notna()]
    agreeing = int((spoken["predicted_regime"] == spoken["regime_initial"]).sum())
    assert f"In {agreeing} of {len(spoken)} trials" in words.text
    assert f"Theory is silent about {512 - len(spoken)} trials" in words.text
    theory = summary["theory"]
    assert theory["silent"] == 512 - len(spoken) and theory["overall"]["agreeing"] == agreeing
    farthest = ratio_errors(trials).abs().idxmax()
    assert theory["disagreements"][0]["trial"] == trials.loc[farthest, "trial"]
    assert pd.read_csv(report / "theory.csv")["trials"].sum() == len(spoken)


def test_studies_of_before_these_were_recorded_say_so(tmp_path):
    write_study(tmp_path, synthetic_tables(40, space=RATE), without=NEW_COLUMNS)
    page = write_report("digits-mlp", home=tmp_path)
    words = Words(page.read_text(encoding="utf-8"))
    assert words.text.count("Not recorded:") == 3
    summary = json.loads((page.parent / "summary.json").read_text())
    assert summary["theory"] is summary["flags"] is summary["published_rules"] is None
    assert summary["relabelled"] is None and "Labelled again" not in words.text
    written = {path.name for path in page.parent.iterdir()}
    assert FILES - written == {
        "theory.csv",
        "flags.csv",
        "published_rules.csv",
        "rule_kappa.csv",
    }


def test_a_study_that_went_on_under_a_later_gradscape(tmp_path):
    tables = synthetic_tables(60, space=RATE)
    first = tables.trials["trial"] < 20
    tables.trials.loc[first, list(NEW_COLUMNS)] = None
    words = page_of(tables, tmp_path)
    assert "Of 20 trials no flags were recorded" in words.text
    assert "Of 20 further trials nothing was recorded" in words.text


def relabelled(home) -> pd.DataFrame:
    """The study's trials with 12 stalled ones vanishing, as another threshold would have it."""
    trials = load_trials("digits-mlp", home=home)
    stalled = trials.index[trials["verdict"] == "stalled"][:12]
    trials.loc[stalled, "verdict"] = "vanishing"
    trials.attrs = {**trials.attrs, "thresholds": {"vanishing_ratio": 0.01, "exploding_ratio": 70}}
    return trials


def test_trials_that_were_labelled_again_have_a_report_beside_the_studys_own(tmp_path):
    write_study(tmp_path, synthetic_tables(80, space=RATE))
    own_page = write_report("digits-mlp", home=tmp_path)
    before, report = own_page.read_bytes(), own_page.parent
    trials = relabelled(tmp_path)
    page = write_report("digits-mlp", home=tmp_path, trials=trials)
    assert page.parent.name == "report-relabelled" and own_page.read_bytes() == before
    words = Words(page.read_text(encoding="utf-8"))
    assert "12 trials changed their verdict" in words.text
    assert "vanishing_ratio 0.001 0.01" in words.text and "exploding_ratio 70" in words.text
    assert "stalled vanishing 12" in words.text
    summary = json.loads((page.parent / "summary.json").read_text())
    assert summary["relabelled"] == {
        "trials": 12,
        "thresholds": [{"threshold": "vanishing_ratio", "before": 0.001, "after": 0.01}],
        "verdicts": [{"before": "stalled", "after": "vanishing", "trials": 12}],
    }
    assert summary["thresholds"]["vanishing_ratio"] == 0.01
    own = json.loads((report / "summary.json").read_text())
    old, new = (
        {row["verdict"]: row["trials"] for row in one["verdicts"]} for one in (own, summary)
    )
    assert new["vanishing"] == old["vanishing"] + 12 and new["stalled"] == old["stalled"] - 12
    for name in ("trials", "steps"):
        written = pq.read_table(page.parent / f"{name}.parquet")
        metadata = json.loads(written.schema.metadata[b"gradscape"])
        assert metadata["thresholds"]["vanishing_ratio"] == 0.01
    written = pq.read_table(page.parent / "trials.parquet").to_pandas()
    assert written["verdict"].tolist() == trials["verdict"].tolist()


def test_trials_of_another_study_are_refused(home, tmp_path):
    trials = relabelled(home)
    for wrong, message in (
        (trials.assign(trial=trials["trial"] + 1), "1 of 512 are not, for example trial 512"),
        (trials.head(0), "has none"),
    ):
        with pytest.raises(AnalysisError, match=message):
            write_report("digits-mlp", home=home, out=tmp_path / "out", trials=wrong)
    assert not (tmp_path / "out").exists()

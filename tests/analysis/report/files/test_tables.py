from __future__ import annotations

import json
import shutil

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import AnalysisError, load_layers, write_report
from analysis.report.files import tables
from tests.support.synthetic import RATE, synthetic_tables, write_study


@pytest.fixture
def study(tmp_path):
    """30 trials, two of whose three parts hold trials that another one holds too."""
    folder = write_study(tmp_path, synthetic_tables(30, space=RATE), parts=3)
    for table in ("trials", "steps", "layers"):
        parts = folder / "tables" / table
        shutil.copy(parts / "part-001.parquet", parts / "part-again.parquet")
        both = pq.read_table(parts / "part-001.parquet")
        rest = pq.read_table(parts / "part-002.parquet")
        pq.write_table(
            rest.cast(both.schema).replace_schema_metadata(both.schema.metadata),
            parts / "part-002.parquet",
        )
    return tmp_path


def report_of(home, **options):
    page = write_report("digits-mlp", home=home, out=home / "out", **options)
    return page.parent, json.loads((page.parent / "summary.json").read_text())


@pytest.mark.slow
def test_a_trial_that_a_crash_left_in_two_parts_is_written_once(study):
    out, _ = report_of(study)
    written = pd.read_parquet(out / "layers.parquet")
    expected = load_layers("digits-mlp", home=study)
    order = ["trial", "step", "layer"]
    pd.testing.assert_frame_equal(
        written.sort_values(order, ignore_index=True), expected, check_dtype=False
    )
    csv = pd.read_csv(out / "steps.csv")
    assert not csv.duplicated(["trial", "step"]).any() and csv["trial"].nunique() == 30


@pytest.mark.slow
def test_a_part_that_is_damaged_ends_the_report_in_one_line(study):
    part = study / "studies" / "digits-mlp" / "tables" / "steps" / "part-002.parquet"
    part.write_bytes(part.read_bytes()[:400])
    with pytest.raises(AnalysisError, match=r"steps/part-002\.parquet is damaged"):
        report_of(study)


@pytest.mark.slow
def test_what_is_too_large_is_left_out_and_named(study, monkeypatch):
    monkeypatch.setattr(tables, "CSV_ROWS", 400)
    monkeypatch.setattr(tables, "PARQUET_ROWS", 1000)
    report_of(study, tables="all")
    out, summary = report_of(study)
    names = {path.name for path in out.iterdir()}
    assert {"trials.csv", "trials.parquet", "steps.csv", "steps.parquet"} <= names
    assert not {"layers.csv", "layers.parquet"} & names, "those of the earlier report go too"
    assert len(summary["left_out"]) == 1 and "rows of layers" in summary["left_out"][0]
    for name in ("index.html", "report.md"):
        assert "rows of layers" in (out / name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_tables_or_the_trials_alone(study, monkeypatch):
    monkeypatch.setattr(tables, "CSV_ROWS", 0)
    monkeypatch.setattr(tables, "PARQUET_ROWS", 0)
    series = {f"{name}.{kind}" for name in ("steps", "layers") for kind in ("csv", "parquet")}
    out, summary = report_of(study, tables="all")
    assert series <= {path.name for path in out.iterdir()} and not summary["left_out"]
    out, summary = report_of(study, tables="trials")
    assert not series & {path.name for path in out.iterdir()}
    assert (out / "trials.csv").exists() and len(summary["left_out"]) == 2


@pytest.mark.slow
def test_names_that_people_wrote_are_plain_text_in_markdown(tmp_path):
    hostile = "<script>x</script> [a](http://b) `c` **d** | e"
    space = {"activation": {"kind": "choice", "choices": [hostile, "tanh"]}}
    tables = synthetic_tables(40, space=space, study=hostile)
    tables.metadata["task"] = hostile
    write_study(tmp_path, tables, name="study")
    page = write_report("study", home=tmp_path)
    text = (page.parent / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# &lt;script&gt;")
    assert "<script" not in text and "[a](http" not in text and "**d**" not in text

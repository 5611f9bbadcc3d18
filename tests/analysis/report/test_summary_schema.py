"""summary.json against docs/summary.schema.json, which tells scripts what to expect."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import numpy as np
import pytest

from analysis import load_trials
from analysis.report.files.summary import summarize
from analysis.report.findings.evidence import gather
from tests.support.repository import DOCS
from tests.support.synthetic import RATE, SPACE, synthetic_tables, write_study
from tests.support.synthetic_signals import NEW_COLUMNS

SCHEMA = DOCS / "summary.schema.json"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def schema():
    found = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def summary_of(home, schema, **options):
    summary = summarize(gather("digits-mlp", home=home, **options), created=datetime.now(UTC))
    whole = {**summary, "files": ["index.html"], "left_out": []}
    schema.validate(json.loads(json.dumps(whole, allow_nan=False)))
    return whole


def test_the_summary_of_a_report_is_as_its_schema_says(schema, digits_report):
    summary = json.loads((digits_report / "summary.json").read_text())
    schema.validate(summary)
    written = {path.relative_to(digits_report) for path in digits_report.rglob("*.*")}
    assert {str(path) for path in written} == set(summary["files"])
    for name in schema.schema["properties"]:
        with pytest.raises(jsonschema.ValidationError):
            schema.validate({key: value for key, value in summary.items() if key != name})


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param(synthetic_tables(10), id="ten trials"),
        pytest.param(synthetic_tables(1), id="one trial"),
        pytest.param(synthetic_tables(30, verdict="vanishing"), id="one verdict"),
        pytest.param(synthetic_tables(30, space={"depth": SPACE["depth"]}), id="no learning rate"),
    ],
)
def test_degenerate_studies_have_the_same_fields(schema, tmp_path, tables):
    write_study(tmp_path, tables)
    summary_of(tmp_path, schema, failed={"out of memory": 3})


def test_studies_of_an_earlier_gradscape_have_them_too(schema, tmp_path):
    write_study(tmp_path, synthetic_tables(40, space=RATE), without=NEW_COLUMNS)
    assert summary_of(tmp_path, schema)["flags"] is None


def test_trials_labelled_again_have_them_too(schema, tmp_path):
    write_study(tmp_path, synthetic_tables(40, space=RATE))
    trials = load_trials("digits-mlp", home=tmp_path)
    trials.loc[np.flatnonzero(trials["verdict"] == "stable")[:3], "verdict"] = "stalled"
    assert summary_of(tmp_path, schema, trials=trials)["relabelled"]["trials"] == 3

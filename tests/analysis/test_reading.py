from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import AnalysisError, StudyNotFound, load_layers, load_steps, load_trials
from study.tables.schema import METADATA_KEY, STEPS
from tests.support.synthetic import synthetic_tables, write_part, write_study


@pytest.fixture
def small_home(tmp_path):
    write_study(tmp_path, synthetic_tables(12))
    return tmp_path


def tables_of(home):
    return home / "studies" / "digits-mlp" / "tables"


def test_trials_come_back_as_they_were_written(home, digits):
    trials = load_trials("digits-mlp", home=home)
    assert list(trials["trial"]) == list(range(512))
    for name in ("learning_rate", "loss_initial", "clip_norm"):
        np.testing.assert_array_equal(trials[name], digits.trials[name])
    assert list(trials["verdict"]) == list(digits.trials["verdict"])
    assert np.isposinf(trials["clip_norm"]).any(), "no clipping must stay +inf"
    assert trials.attrs["hyperparameters"]["depth"]["choices"] == [2, 4, 8, 16, 32]


def test_series_are_sorted_and_complete(home, digits):
    steps, layers = load_steps("digits-mlp", home=home), load_layers("digits-mlp", home=home)
    assert len(steps) == len(digits.steps) and len(layers) == len(digits.layers)
    keys = list(zip(layers["trial"], layers["step"], layers["layer"], strict=True))
    assert keys == sorted(set(keys))


def test_layers_of_some_trials_only(home, digits):
    layers = load_layers("digits-mlp", home=home, trials=[3, 400, 9999])
    expected = digits.layers[digits.layers["trial"].isin([3, 400])]
    assert len(layers) == len(expected)
    assert set(layers["trial"]) == {3, 400}


def test_run_ids_are_joined_and_missing_where_not_delivered(small_home):
    trials = load_trials("digits-mlp", home=small_home)
    assert trials["mlflow_run_id"].iloc[3] == f"run{3:029d}"
    assert trials["mlflow_run_id"].isna().sum() == 1


def test_a_trial_in_two_parts_counts_once(small_home):
    for kind in ("trials", "steps", "layers"):
        shutil.copy(
            tables_of(small_home) / kind / "part-001.parquet",
            tables_of(small_home) / kind / "part-again.parquet",
        )
    assert len(load_trials("digits-mlp", home=small_home)) == 12
    steps = load_steps("digits-mlp", home=small_home)
    assert not steps.duplicated(["trial", "step"]).any()


def test_series_of_a_trial_that_never_finished_are_left_out(small_home):
    orphan = pd.DataFrame({column.name: [1] for column in STEPS}).assign(trial=77)
    write_part(
        tables_of(small_home) / "steps" / "part-077.parquet",
        orphan,
        STEPS,
        synthetic_tables(2).metadata,
    )
    assert 77 not in set(load_steps("digits-mlp", home=small_home)["trial"])


def test_unfinished_files_are_ignored(small_home):
    (tables_of(small_home) / "trials" / "part-009.parquet.123.tmp").write_bytes(b"half")
    assert len(load_trials("digits-mlp", home=small_home)) == 12


def test_parts_whose_types_differ_are_read_together(small_home):
    path = tables_of(small_home) / "trials" / "part-000.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("depth")
    pq.write_table(table.set_column(place, "depth", table["depth"].cast("double")), path)
    trials = load_trials("digits-mlp", home=small_home)
    assert set(trials["depth"]) <= {2.0, 4.0, 8.0, 16.0, 32.0}


def test_a_newer_schema_is_refused_in_one_line(small_home):
    path = tables_of(small_home) / "trials" / "part-002.parquet"
    table = pq.read_table(path)
    metadata = json.loads(table.schema.metadata[METADATA_KEY]) | {"schema_version": 99}
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(metadata)}), path)
    with pytest.raises(AnalysisError, match="schema version 99.*upgrade gradscape") as error:
        load_trials("digits-mlp", home=small_home)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("load", [load_trials, load_steps, load_layers])
def test_a_damaged_part_is_named_in_one_line(small_home, load):
    table = load.__name__.removeprefix("load_")
    (tables_of(small_home) / table / "part-001.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(AnalysisError, match=rf"{table}/part-001\.parquet is damaged") as error:
        load("digits-mlp", home=small_home)
    assert "\n" not in str(error.value)


def test_series_of_no_recorded_trial_have_their_columns(small_home):
    steps = load_steps("digits-mlp", home=small_home, trials=[9999])
    assert steps.empty and list(steps) == [column.name for column in STEPS]


def test_an_unknown_study_lists_what_there_is_nearest_first(small_home):
    for other in ("alpha", "zebra"):
        (small_home / "studies" / other / "tables").mkdir(parents=True)
    with pytest.raises(StudyNotFound, match="known: digits-mlp, ") as error:
        load_trials("digts-mlp", home=small_home)
    assert error.value.known[0] == "digits-mlp" and len(error.value.known) == 3


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_names_that_are_folders_of_the_home_are_no_studies(small_home, name):
    with pytest.raises(StudyNotFound):
        load_trials(name, home=small_home)


def test_an_empty_home_says_so(tmp_path):
    with pytest.raises(StudyNotFound, match="no studies yet"):
        load_trials("any", home=tmp_path)


def test_a_study_without_finished_trials_says_so(tmp_path):
    (tmp_path / "studies" / "new" / "tables" / "trials").mkdir(parents=True)
    with pytest.raises(AnalysisError, match="'new' has no finished trial yet"):
        load_trials("new", home=tmp_path)


def test_home_comes_from_the_environment_and_paths_work(small_home, monkeypatch):
    monkeypatch.setenv("GRADSCAPE_HOME", str(small_home))
    assert len(load_trials("digits-mlp")) == 12
    monkeypatch.setenv("GRADSCAPE_HOME", "elsewhere")
    assert len(load_trials(small_home / "studies" / "digits-mlp")) == 12

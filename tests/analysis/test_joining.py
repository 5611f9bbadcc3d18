"""Several studies read as one, against each by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis import AnalysisError, load_trials, write_report
from analysis.reading import open_studies
from analysis.space.axes import varied
from tests.support.synthetic import SPACE, synthetic_tables, write_study

WIDER = {**SPACE, "depth": {"kind": "choice", "choices": [2, 4, 64]}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_study(home, synthetic_tables(60, study="a"), name="a")
    write_study(home, synthetic_tables(40, study="b", seed=1, space=WIDER), name="b")
    return home


def test_joined_trials_keep_their_rows_and_say_where_they_come_from(home: Path) -> None:
    a, b = load_trials("a", home=home), load_trials("b", home=home)
    joined = load_trials(["a", "b"], home=home)
    assert joined["trial"].tolist() == list(range(100))
    assert joined["configuration"].is_unique
    assert joined["study"].tolist() == ["a"] * 60 + ["b"] * 40
    again = joined[joined["study"] == "b"]
    assert again["study_trial"].tolist() == b["trial"].tolist()
    for name in ("learning_rate", "depth", "verdict", "loss_final", "mlflow_run_id"):
        both = pd.concat([a[name], b[name]], ignore_index=True)
        pd.testing.assert_series_equal(joined[name], both, check_dtype=False)
    assert varied(joined) == varied(b)
    assert set(joined.attrs["hyperparameters"]["depth"]["choices"]) == {2, 4, 8, 16, 32, 64}


def test_series_of_joined_trials_are_those_of_each_study(home: Path) -> None:
    store, _ = open_studies(["a", "b"], home=home)
    single, _ = open_studies("b", home=home)
    steps = store.read_steps([3, 67])
    assert set(steps["trial"]) == {3, 67}
    own = single.read_steps([7])
    assert steps.loc[steps["trial"] == 67, "loss"].tolist() == own["loss"].tolist()
    blocks = [block.to_pandas() for block in store.stream("layers", [3, 67]).blocks]
    assert set(pd.concat(blocks)["trial"]) == {3, 67}


@pytest.mark.slow
def test_a_report_of_several_studies(home: Path, tmp_path: Path) -> None:
    page = write_report(["a", "b"], home=home, out=tmp_path)
    summary = json.loads((page.parent / "summary.json").read_text())
    assert (summary["trials"], summary["study"]) == (100, "a + b")
    assert pd.read_csv(tmp_path / "trials.csv")["study"].value_counts().to_dict() == {
        "a": 60,
        "b": 40,
    }


@pytest.mark.parametrize(("key", "value"), [("task", "adding"), ("network", "rnn")])
def test_other_tasks_and_networks_are_refused(home: Path, key: str, value: str) -> None:
    tables = synthetic_tables(20, study="other")
    tables.metadata[key] = value
    write_study(home, tables, name=f"other-{key}")
    with pytest.raises(AnalysisError, match=f"but {key} is .* in a and {value} in other"):
        load_trials(["a", f"other-{key}"], home=home)

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import (
    AnalysisError,
    compare_learning_rates,
    compare_pairs,
    compare_regions,
    compare_studies,
    compare_verdicts,
    paired_trials,
    shared_space,
    stability_regions,
)
from tests.support.synthetic import SPACE, synthetic_tables


def study(number=400, *, seed=0, space=None) -> pd.DataFrame:
    tables = synthetic_tables(number, seed=seed, space=space)
    tables.trials.attrs = dict(tables.metadata)
    return tables.trials


def with_space(trials: pd.DataFrame, **entries) -> pd.DataFrame:
    trials = trials.copy()
    stated = {**trials.attrs["hyperparameters"], **entries}
    trials.attrs = {**trials.attrs, "hyperparameters": stated}
    return trials


@pytest.fixture(scope="module")
def before() -> pd.DataFrame:
    return study()


@pytest.fixture(scope="module")
def after(before) -> pd.DataFrame:
    """The same trials, of which deep ones at small learning rates are stable no more."""
    trials = before.copy()
    broken = (trials["depth"] >= 16) & (trials["verdict"] == "stable")
    trials.loc[broken, "verdict"] = "exploding"
    trials.attrs = before.attrs
    return trials


@pytest.mark.slow
def test_a_study_does_not_differ_from_itself(before):
    found = compare_studies(before, before)
    assert set(found.shared.space["status"]) == {"same"} and found.left_out == (0, 0)
    assert (found.verdicts["difference"] == 0).all() and not found.verdicts["evidence"].any()
    pairs = found.pairs.iloc[0]
    assert pairs["pairs"] == 400 and pairs["p_value"] == 1
    assert found.changes.empty and not any(table["evidence"].any() for table in found.maps)
    assert (found.learning_rates["factor"].dropna() == 1).all()
    assert not found.learning_rates["evidence"].any()
    assert found.importance["difference"].abs().max() == 0
    assert not found.importance["evidence"].any()


@pytest.mark.slow
def test_what_broke_is_found_where_it_broke(before, after):
    found = compare_studies(before, after)
    lost = int(((before["verdict"] == "stable") & (before["depth"] >= 16)).sum())
    assert found.changes.to_dict("records") == [
        {"before": "stable", "after": "exploding", "trials": lost}
    ]
    pairs = found.pairs.iloc[0]
    assert pairs["only_before"] == lost and pairs["only_after"] == 0
    assert pairs["high"] < 0 and pairs["p_value"] < 1e-4
    matters = found.importance.set_index("hyperparameter").loc["depth"]
    assert matters["importance_after"] > matters["high_before"] and matters["evidence"]
    cells = compare_regions(found.shared, "learning_rate", "depth")
    changed = cells[cells["evidence"]]
    assert len(changed) and set(changed["y"].astype(str)) <= {"16", "32"}
    assert (changed["difference"] < 0).all()


def test_cells_count_what_each_study_has(before, after):
    cells = compare_regions(shared_space(before, after), "depth", "activation")
    for side, trials in (("before", before), ("after", after)):
        expected = stability_regions(trials, "depth", "activation")
        assert cells[f"{side}_trials"].tolist() == expected["trials"].tolist()
        assert cells[f"{side}_stable"].tolist() == expected["stable"].tolist()


@pytest.mark.slow
def test_without_a_change_few_maps_show_one():
    """Cells of two independent studies of the same truth; 0.05 of maps may cry wolf."""
    many, crying = study(6000, seed=7), 0
    rng = np.random.default_rng(0)
    for _ in range(30):
        drawn = rng.permutation(6000)
        one, other = many.iloc[drawn[:150]], many.iloc[drawn[150:300]]
        cells = compare_regions(shared_space(one, other), "learning_rate", "depth")
        crying += bool(cells["evidence"].any())
    assert crying <= 4


@pytest.mark.slow
def test_other_spaces_are_compared_where_both_have_values(before):
    other = study(300, seed=3)
    other.loc[other["depth"] == 2, "depth"] = 64
    other = with_space(
        other,
        depth={"kind": "choice", "choices": [4, 8, 16, 32, 64]},
        learning_rate={"kind": "range", "low": 1e-3, "high": 10.0, "log": True},
        width={"kind": "fixed", "value": 128},
    )
    other["width"] = 128
    other["learning_rate"] = other["learning_rate"].clip(lower=1e-3)
    other["dropout"] = 0.1
    shared = shared_space(before, other)
    status = shared.space.set_index("hyperparameter")["status"]
    assert status["depth"] == status["learning_rate"] == "partly shared"
    assert status["width"] == "changed" and status["dropout"] == "only after"
    assert status["activation"] == "same" and "width" not in shared.common
    for trials in (shared.before, shared.after):
        assert trials["depth"].between(4, 32).all()
        assert trials["learning_rate"].min() >= 1e-3
    found = compare_studies(before, other)
    inside = (before["depth"] > 2) & (before["learning_rate"] >= 1e-3)
    assert len(shared.before) == inside.sum()
    assert found.left_out == (400 - inside.sum(), int((other["depth"] == 64).sum()))


def test_pairs_are_the_same_hyperparameters_and_seed_whatever_changed(before):
    other = before.sample(frac=1, random_state=1).head(100).copy()
    other["trial"] = np.arange(1000, 1100)
    other["clip_norm"] = 5.0
    other.attrs = before.attrs
    other = with_space(other, clip_norm={"kind": "fixed", "value": 5.0})
    expected = other[["seed", "learning_rate"]].merge(before, on=["seed", "learning_rate"])
    pairs = paired_trials(shared_space(before, other))
    assert len(pairs) == 100
    assert set(pairs["trial_before"]) == set(expected["trial"])
    other["seed"] += 1
    assert paired_trials(shared_space(before, other)).empty


def test_without_pairs_nothing_is_tested(before):
    pairs = paired_trials(shared_space(before, study(50, seed=9)))
    row = compare_pairs(pairs).iloc[0]
    assert row["pairs"] == 0 and np.isnan(row["difference"]) and row["p_value"] == 1


def test_a_smaller_edge_is_evidence_only_where_it_is_ruled_out(before):
    other = before.copy()
    other.loc[other["learning_rate"] > 3e-3, "verdict"] = "exploding"
    other.attrs = before.attrs
    table = compare_learning_rates(shared_space(before, other), ["depth"])
    assert list(table["depth"].astype(str)) == ["2", "4", "8", "16", "32"]
    shallow = table[table["depth"].astype(int) <= 8]
    assert (shallow["factor"] < 0.5).all() and shallow["evidence"].all()
    assert compare_learning_rates(shared_space(before, other), [])["factor"].iloc[0] < 0.1


def test_shares_are_of_what_is_shared(before):
    other = with_space(study(200, seed=5), depth={"kind": "choice", "choices": [2, 4]})
    other = other[other["depth"] <= 4].reset_index(drop=True)
    other.attrs["hyperparameters"]["depth"] = {"kind": "choice", "choices": [2, 4]}
    table = compare_verdicts(shared_space(before, other))
    assert table["before"].sum() == (before["depth"] <= 4).sum()
    assert table["before_share"].sum() == pytest.approx(1)


@pytest.mark.parametrize("verdict", ["stable", "vanishing"])
def test_studies_of_one_verdict_or_one_hyperparameter(verdict):
    space = {"learning_rate": SPACE["learning_rate"]}
    one = synthetic_tables(10, verdict=verdict, space=space)
    one.trials.attrs = dict(one.metadata)
    found = compare_studies(one.trials, study(30, space=space))
    assert len(found.maps) == 1 and found.maps[0].attrs["y"] is None


def test_studies_without_common_ground_are_refused(before):
    one = with_space(before[before["depth"] == 2], depth={"kind": "choice", "choices": [2, 64]})
    two = with_space(before[before["depth"] == 4], depth={"kind": "choice", "choices": [4, 64]})
    two.loc[two.index[0], "depth"] = 2
    two = two[two["depth"] == 4]
    found = shared_space(one, two)
    assert found.space.set_index("hyperparameter")["status"]["depth"] in (
        "changed",
        "partly shared",
    )
    with pytest.raises(AnalysisError, match="the second study has none"):
        compare_studies(before, before.head(0))

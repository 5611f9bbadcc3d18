from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from analysis import AnalysisError, has_alarm, rule_agreement, rule_kappa, wilson_interval
from study.tables.schema import ALARMS

VERDICTS = ["stable", "exploding", "vanishing", "oscillating", "stalled"]
SUMMARIES = ("any_rule", "gradscape.regime")


def random_trials(number: int, seed: int = 0) -> pd.DataFrame:
    """Alarms, verdicts and regimes that are drawn independently, each rule at its own rate."""
    rng = np.random.default_rng(seed)
    rules = list(ALARMS)
    fires = rng.random((number, len(rules))) < rng.uniform(0.02, 0.9, len(rules))
    regimes = ["healthy", "vanishing", "exploding"]
    return pd.DataFrame(
        {
            "trial": np.arange(number),
            "verdict": rng.choice(VERDICTS, number),
            "regime_initial": rng.choice(regimes, number, p=[0.8, 0.1, 0.1]),
            "regime_final": rng.choice([*regimes, None], number, p=[0.7, 0.1, 0.1, 0.1]),
            "alarms": [",".join(rules[i] for i in np.flatnonzero(row)) for row in fires],
        }
    )


def fired(trials: pd.DataFrame, rule: str) -> np.ndarray:
    """Whether a rule fires, row by row in plain Python."""
    if rule == "gradscape.regime":
        pairs = zip(trials["regime_initial"], trials["regime_final"], strict=True)
        return np.array(
            [any(isinstance(one, str) and one != "healthy" for one in pair) for pair in pairs]
        )
    sets = [set(text.split(",")) - {""} for text in trials["alarms"]]
    return np.array([bool(one) if rule == "any_rule" else rule in one for one in sets])


@pytest.mark.parametrize("seed", [0, 1])
def test_shares_are_those_of_a_confusion_matrix(seed):
    trials = random_trials(400, seed)
    table = rule_agreement(trials)
    assert list(table["rule"]) == [*ALARMS, *SUMMARIES]
    for row in table.to_dict("records"):
        alarm = fired(trials, row["rule"])
        failed = (trials["verdict"] != "stable").to_numpy()
        (quiet, false), (missed, caught) = confusion_matrix(failed, alarm, labels=[False, True])
        assert (row["stable"], row["false_alarms"]) == (quiet + false, false)
        assert row["false_alarm_share"] == pytest.approx(false / (quiet + false))
        assert (row["all_failures"], row["all_caught"]) == (missed + caught, caught)
        assert row["recall_all"] == pytest.approx(caught / (missed + caught))
        assert row["fired"] == alarm.sum()
        after = ALARMS.get(row["rule"], "any")
        assert row["after"] == after
        wanted = failed if after == "any" else (trials["verdict"] == after).to_numpy()
        assert (row["failures"], row["caught"]) == (wanted.sum(), (wanted & alarm).sum())
        for name, part, whole in (
            ("recall", row["caught"], row["failures"]),
            ("recall_all", row["all_caught"], row["all_failures"]),
            ("false_alarm", row["false_alarms"], row["stable"]),
        ):
            low, high = wilson_interval(part, whole)
            assert (row[f"{name}_low"], row[f"{name}_high"]) == (float(low), float(high))


def test_known_rules_of_the_study(digits):
    """See `tests.support.synthetic_signals.alarms`."""
    table = rule_agreement(digits.trials).set_index("rule")
    perfect = table.loc["sagemaker.exploding_tensor"]
    assert perfect["recall"] == 1 and perfect["false_alarm_share"] == 0
    assert perfect["false_alarm_high"] > 0, "no false alarm among 176 does not rule them out"
    assert 0.5 < table.loc["autotrainer.vanishing_gradient", "recall"] < 0.8
    wolf = table.loc["deepdiagnosis.vanishing_gradient"]
    assert wolf["recall"] == 1 and 0.08 < wolf["false_alarm_share"] < 0.22
    always = table.loc["fractal.not_converged"]
    assert always["recall"] == always["recall_all"] == always["false_alarm_share"] == 1
    assert table.loc["any_rule", "fired"] == 512


@pytest.mark.slow
def test_kappa_is_that_of_scikit_learn(digits):
    for trials in (random_trials(300), digits.trials):
        kappa = rule_kappa(trials)
        assert list(kappa.index) == list(kappa.columns) == [*ALARMS, *SUMMARIES]
        for first in kappa.index:
            for second in kappa.columns:
                one, other = fired(trials, first), fired(trials, second)
                if len(set(one)) == 1 or len(set(other)) == 1:
                    assert np.isnan(kappa.loc[first, second])
                else:
                    expected = cohen_kappa_score(one, other)
                    assert kappa.loc[first, second] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_classes_without_trials_have_no_shares(verdict):
    trials = random_trials(50).assign(verdict=verdict)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = rule_agreement(trials)
    assert table["false_alarm_share"].isna().all() == (verdict != "stable")
    assert table["recall_all"].isna().all() == (verdict == "stable")
    after = table["after"].isin([verdict, "any"]) & (verdict != "stable")
    assert (table["recall"].notna() == after).all()
    assert (table["recall_low"].notna() == after).all()


def test_no_trials_and_tables_without_alarms():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for trials in (random_trials(20).head(0), random_trials(20).drop(columns="alarms")):
            table, kappa = rule_agreement(trials), rule_kappa(trials)
            assert table.attrs == {"recorded": 0, "not_recorded": len(trials)}
            assert list(table["rule"]) == [*ALARMS, *SUMMARIES]
            assert (table["fired"] == 0).all() and table["recall"].isna().all()
            assert kappa.isna().all().all()


def test_trials_whose_alarms_were_not_recorded_count_nowhere():
    trials = random_trials(200)
    unknown = trials.assign(trial=trials["trial"] + 200, alarms=None)
    both = pd.concat([trials, unknown], ignore_index=True)
    table = rule_agreement(both)
    assert table.attrs == {"recorded": 200, "not_recorded": 200}
    pd.testing.assert_frame_equal(table, rule_agreement(trials))
    pd.testing.assert_frame_equal(rule_kappa(both), rule_kappa(trials))
    assert has_alarm(both, "fractal.not_converged").isna().sum() == 200


def test_alarms_select_their_trials(digits):
    chosen = digits.trials[has_alarm(digits.trials, "sagemaker.exploding_tensor")]
    assert set(chosen["verdict"]) == {"exploding"} and len(chosen) > 100
    with pytest.raises(AnalysisError, match=r"unknown rule 'fractal'; known: fractal\.not"):
        has_alarm(digits.trials, "fractal")


def test_a_million_trials_take_seconds():
    few = random_trials(2_000)
    trials = pd.concat([few] * 500, ignore_index=True)
    begin = time.process_time()
    table, kappa = rule_agreement(trials), rule_kappa(trials)
    assert time.process_time() - begin < 10
    np.testing.assert_array_equal(table["caught"], 500 * rule_agreement(few)["caught"])
    np.testing.assert_allclose(kappa, rule_kappa(few))

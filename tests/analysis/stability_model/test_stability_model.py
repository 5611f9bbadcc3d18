from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis import AnalysisError, StabilityModel, stability_model

SPACE = {
    "depth": {"kind": "choice", "choices": [2, 4, 8, 16]},
    "optimizer": {"kind": "choice", "choices": ["sgd", "adam", "lion"]},
    "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
    "momentum": {"kind": "range", "low": 0.0, "high": 0.9},
    "clip_norm": {"kind": "choice", "choices": ["none", 0.1, 1.0]},
    "width": {"kind": "fixed", "value": 64},
}


def settings(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    optimizer = rng.choice(["sgd", "adam", "lion"], count)
    return pd.DataFrame(
        {
            "depth": rng.choice([2, 4, 8, 16], count),
            "optimizer": optimizer,
            "learning_rate": 10 ** rng.uniform(-4, 1, count),
            "momentum": np.where(optimizer == "sgd", rng.uniform(0, 0.9, count), np.nan),
            "clip_norm": rng.choice([np.inf, 0.1, 1.0], count),
            "width": 64,
        }
    )


def truth(frame: pd.DataFrame) -> np.ndarray:
    """P(stable): a window of learning rates whose upper end falls with depth, less for sgd."""
    rate = np.log10(frame["learning_rate"])
    high = 0.2 - 0.3 * np.log2(frame["depth"]) + (frame["optimizer"] == "sgd")
    return (expit(6 * (high - rate)) * expit(6 * (rate + 3))).to_numpy()


def trials_of(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    stable = np.random.default_rng(seed).random(len(frame)) < truth(frame)
    fast = frame["learning_rate"] > 0.03
    verdict = np.where(stable, "stable", np.where(fast, "exploding", "stalled"))
    trials = frame.assign(
        verdict=verdict, trial=range(len(frame)), configuration=range(len(frame))
    )
    trials.attrs = {"hyperparameters": SPACE}
    return trials


@pytest.fixture(scope="module")
def model() -> StabilityModel:
    return stability_model(trials_of(settings(300, 0), 1))


def test_it_knows_a_known_truth_and_how_sure_it_is(model: StabilityModel) -> None:
    fresh = settings(400, 7)
    said, true = model.predict(fresh), truth(fresh)
    assert np.mean((said["stable"] - true) ** 2) < 0.03  # 0.17 for the share alone
    inside = (said["stable_lower"] <= true) & (true <= said["stable_upper"])
    assert 0.9 <= inside.mean() <= 1.0
    assert np.mean(said["stable_upper"] - said["stable_lower"]) < 0.6
    assert said[["stable", "exploding", "stalled"]].to_numpy().sum(axis=1) == pytest.approx(1.0)
    ends = said[[f"stable{end}" for end in ("_lower", "", "_upper")]].to_numpy()
    assert (np.diff(ends, axis=1) >= 0).all()


def test_held_out_it_is_better_than_the_share(model: StabilityModel) -> None:
    table = model.calibration().set_index("verdict")
    assert table.loc["stable", "brier"] < 0.5 * table.loc["stable", "brier_of_share"]
    assert table.loc["stable", "configurations"] == 300


def test_far_from_all_trials_it_says_that_it_does_not_know() -> None:
    # Trials of small learning rates only: of 10 it knows next to nothing.
    some = settings(300, 2)
    some = some[some["learning_rate"] < 0.003].reset_index(drop=True)
    model = stability_model(trials_of(some, 3))
    near, far = model.predict(
        pd.concat([some.head(1), some.head(1).assign(learning_rate=10.0)])
    ).T.items()
    assert far[1]["support"] < 0.75 * near[1]["support"]
    assert far[1]["stable_upper"] - far[1]["stable_lower"] > 0.8
    outside = model.outside(some.head(1).assign(learning_rate=50.0))
    assert outside == [["learning_rate 50 is above all trials (at most 10)"]]


def test_what_is_left_out_is_averaged_over_the_space(model: StabilityModel) -> None:
    said = model.predict(pd.DataFrame({"depth": [2, 16], "optimizer": ["sgd", "sgd"]}))
    for depth, row in zip((2, 16), said.to_dict("records"), strict=True):
        true = truth(settings(4000, 9).assign(depth=depth, optimizer="sgd")).mean()
        assert row["stable"] == pytest.approx(true, abs=0.12)
        assert row["stable_lower"] <= true <= row["stable_upper"]
        assert row["stable_upper"] - row["stable_lower"] < 0.3


def test_what_does_not_apply_is_left_out(model: StabilityModel) -> None:
    adam = {"depth": 4, "optimizer": "adam", "learning_rate": 0.01, "clip_norm": "none"}
    plain, ignored = model.predict(pd.DataFrame([adam, {**adam, "momentum": 0.5}])).to_numpy()
    assert plain == pytest.approx(ignored)


def test_what_stable_may_leave_is_in_the_intervals_of_the_others(model: StabilityModel) -> None:
    # Where stable lay between 0 and 100 %, vanishing was said to lie between 94 and 94 %.
    asked = settings(400, 12).assign(learning_rate=30.0)
    said = model.predict(asked)
    others = [verdict for verdict in model.verdicts if verdict != "stable"]
    total = said[others].sum(axis=1)
    for verdict in others:
        share = said[verdict] / total
        assert (said[f"{verdict}_lower"] <= share * (1 - said["stable_upper"]) + 0.011).all()
        assert (said[f"{verdict}_upper"] >= share * (1 - said["stable_lower"]) - 0.011).all()
    bounds = said.drop(columns="support").to_numpy()
    assert bounds.min() >= 0 and bounds.max() <= 1


def test_seeds_of_a_configuration_are_one_row_of_evidence() -> None:
    some = settings(60, 13)
    trials = trials_of(pd.concat([some, some], ignore_index=True), 3)
    attributes = trials.attrs
    trials = trials.assign(configuration=[*range(60), *range(60)])
    trials.attrs = attributes
    found = stability_model(trials).nearest(some.head(1), 4)
    assert found["trial"].is_unique and (found["trial"] < 60).all()
    assert found["trials"].tolist() == [2] * 4
    for row in found.itertuples():
        pair = trials[trials["configuration"] == row.trial]["verdict"]
        assert row.agree == (pair == row.verdict).sum() == pair.value_counts().max()


def test_a_change_that_no_percent_shows_is_not_told(model: StabilityModel) -> None:
    asked = settings(300, 14)
    sure = asked[model.predict(asked)["stable"].to_numpy() > 0.999].head(1)
    assert model.changes(sure).empty


def test_nearest_trials_are_alike(model: StabilityModel) -> None:
    row = model.trials[["depth", "optimizer", "learning_rate", "momentum", "clip_norm"]].loc[[17]]
    found = model.nearest(row, 3)
    assert found["trial"].tolist()[0] == 17
    assert found["alike"].tolist() == sorted(found["alike"], reverse=True)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dept": 4}, "unknown hyperparameter 'dept'; known: depth"),
        ({"optimizer": "adamm"}, "unknown optimizer 'adamm'; known: adam"),
        ({"depth": "deep"}, "depth must be a number, but got 'deep'"),
        ({"width": 128}, "width is 64 in every trial: nothing is known of width=128"),
    ],
)
def test_what_is_not_known_is_one_line(
    model: StabilityModel, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError, match=message):
        model.predict(pd.DataFrame([asked]))


def plain_prediction(export: dict, setting: dict) -> dict[str, tuple[float, float, float]]:
    """The formula of `analysis.stability_model.export`, written down without numpy."""
    x, groups = [], []
    for axis in export["axes"]:
        value, columns = setting.get(axis["name"]), []
        named = value in axis["names"]
        if axis["knots"]:
            t = math.log if axis["log"] else float
            knots = [t(knot) for knot in axis["knots"]]
            if value is None:
                position = 0.5
            elif named:
                position = axis["beyond"]
            else:
                number = t(value)
                i = max([j for j in range(len(knots) - 1) if knots[j] <= number], default=0)
                position = (i + (number - knots[i]) / (knots[i + 1] - knots[i])) / (len(knots) - 1)
            columns.append(position)
        columns += [1.0 if value == name else 0.0 for name in axis["names"]]
        if axis["optional"]:
            columns.append(1.0 if value is None else 0.0)
        groups.append(range(len(x), len(x) + len(columns)))
        x += columns

    def s(f: float) -> float:
        return 1 / (1 + math.exp(-f))

    raw = {}
    for one in export["verdicts"]:
        similar = []
        for z in one["inducing"]:
            q = [sum(((x[d] - z[d]) / one["lengths"][d]) ** 2 for d in g) for g in groups]
            r = math.sqrt(5 * sum(q))
            single = sum(math.exp(-each / 8) for each in q) / len(groups)
            joint = (1 + r + r * r / 3) * math.exp(-r)
            similar.append(one["constant"] + one["additive"] * single + one["joint"] * joint)
        mean = one["stretch"] * sum(a * k for a, k in zip(one["dual"], similar, strict=True))
        v = one["constant"] + one["additive"] + one["joint"]
        for row, scale in zip(one["reduction"], one["scales"], strict=True):
            v -= (scale * sum(t * k for t, k in zip(row, similar, strict=True))) ** 2
        sd = math.sqrt(one["stretch"] * max(v, 1e-6))
        p = sum(
            w * s(mean + node * sd)
            for node, w in zip(export["nodes"], export["weights"], strict=True)
        )
        raw[one["verdict"]] = (p, s(mean - export["z"] * sd), s(mean + export["z"] * sd))
    first = export["verdicts"][0]["verdict"]
    rest = max(sum(p for verdict, (p, _, _) in raw.items() if verdict != first), 1e-12)
    found = {}
    for verdict, ends in raw.items():
        share = 1.0 if verdict == first else (1 - raw[first][0]) / rest
        p, low, high = (end * share for end in ends)
        if verdict != first:
            said, least, most = raw[first]
            low = max(p - math.hypot(p - low, p / (1 - said) * (most - said)), 0.0)
            high = min(p + math.hypot(high - p, p / (1 - said) * (said - least)), 1.0)
        low = 0.0 if low < export["certain"] else low
        high = 1.0 if high > 1 - export["certain"] else high
        found[verdict] = (p, min(low, p), max(high, p))
    return found


def test_the_export_says_the_same_by_the_formula_alone(model: StabilityModel) -> None:
    text = json.dumps(model.export())
    assert len(text) < 700_000
    export = json.loads(text)
    asked = settings(12, 11)
    asked.loc[3, "depth"] = 12  # between two of the list
    asked.loc[4, "learning_rate"] = 100.0  # beyond the range
    said = model.predict(asked)
    for row, record in asked.iterrows():
        values = {name: value for name, value in record.items() if value == value}
        if math.isinf(values["clip_norm"]):
            values["clip_norm"] = "none"
        for verdict, (p, low, high) in plain_prediction(export, values).items():
            columns = [verdict, f"{verdict}_lower", f"{verdict}_upper"]
            assert said.loc[row, columns].to_list() == pytest.approx([p, low, high], abs=1e-6)


def test_trials_without_a_verdict_are_left_out_and_order_hardly_matters() -> None:
    trials = trials_of(settings(200, 5), 6)
    lost = trials.head(20).assign(verdict=None)
    asked = settings(50, 8)
    whole = pd.concat([trials, lost], ignore_index=True)
    whole["configuration"] = range(len(whole))
    whole.attrs = trials.attrs
    one, other = stability_model(trials).predict(asked), stability_model(whole).predict(asked)
    assert one.to_numpy() == pytest.approx(other.to_numpy())


def test_too_few_trials_are_said() -> None:
    with pytest.raises(AnalysisError, match="a stability model needs 16 finished trials"):
        stability_model(trials_of(settings(10, 0), 0))

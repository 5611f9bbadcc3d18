"""Gradients by layer and over time, step sizes and clipping: medians of groups of trials."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.errors import unknown_column
from analysis.labels import value_label
from analysis.space.axes import choices, hyperparameters, is_numeric

MOMENTS = ("at initialization", "at the end")
"""Of the profiles: the first recorded step, and the last one."""


CALLS = {"first": 0.0, "early": 0.25, "middle": 0.5, "late": 0.75, "last": 1.0}
"""Time steps of which the layers table has the gradient: how far on the way to the last one."""


def gradient_profiles(trials: pd.DataFrame, layers: pd.DataFrame, by: str) -> pd.DataFrame:
    """Returns the gradient by layer, relative to the last hidden layer, for each value of `by`.

    Only networks of equally many hidden layers compare: of several numbers of layers the largest
    is taken of which every value has trials, else the most frequent.

    Args:
        trials: Trials table, or a part of it; `predicted_ratio` is used where it is known.
        layers: Rows of the layers table of these trials.
        by: A hyperparameter.

    Returns:
        One row a value, moment and layer: `value` (as text, in the order of the study file),
        `moment` (one of `MOMENTS`), `layer`, `ratio` (rms(delta_l) / rms(delta_L), median of the
        trials) with its quartiles `low`, `high`, number of `trials`, and `theory`, the median of
        what mean-field theory expects at initialization, R^((L - l) / (L - 1)); NaN where it is
        silent. `attrs`: `by` and `layers`, the number L of hidden layers.

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
    """
    known = _labels(trials, by)
    hidden = layers[(layers["role"] == "hidden") & layers["trial"].isin(known.index)]
    hidden = hidden[hidden["delta_rms"].gt(0) & np.isfinite(hidden["delta_rms"])]
    counts = layers[layers["role"] == "hidden"].groupby("trial")["layer"].nunique()
    number = _comparable(counts.reindex(known.index).dropna().astype(int), known)
    rows = []
    for moment, ends in zip(MOMENTS, (_first(hidden), _last(hidden)), strict=True):
        some = ends[ends["trial"].map(counts).eq(number)]
        last = some.groupby("trial")["layer"].transform("max")
        top = some[some["layer"] == last].set_index("trial")["delta_rms"]
        ratios = some.assign(
            ratio=some["delta_rms"] / some["trial"].map(top), value=some["trial"].map(known)
        )
        rows.append(_quartiles(ratios, ["value", "layer"], "ratio").assign(moment=moment))
    frame = pd.concat(rows, ignore_index=True)
    frame["theory"] = _theory(trials, known, number, frame)
    frame = _ordered(frame, trials, by, ["moment", "layer"])
    frame.attrs = {"by": by, "layers": number}
    return frame


def time_profiles(trials: pd.DataFrame, layers: pd.DataFrame, by: str) -> pd.DataFrame:
    """Returns the gradient of recurrent layers at a time step over that at the last one.

    Args:
        trials: Trials table, or a part of it.
        layers: Rows of the layers table of these trials.
        by: A hyperparameter.

    Returns:
        One row a value, moment and number of time steps `back` from the last one, up to five of
        them: `ratio` (rms of delta, median over trials and layers) with its quartiles `low`,
        `high`, and number of `trials`. Empty if no layer is called more than once.

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
    """
    known = _labels(trials, by)
    rows = layers[layers["calls"].gt(1) & layers["trial"].isin(known.index)]
    some = [
        rows.assign(
            # As the engine takes a call that lies so far on the way to the last one.
            back=rows["calls"] - 1 - (part * (rows["calls"] - 1)).round().astype(int),
            ratio=rows[f"delta_rms_{name}_call"] / rows["delta_rms_last_call"],
            value=rows["trial"].map(known),
        )
        for name, part in CALLS.items()
        if f"delta_rms_{name}_call" in rows
    ]
    rows = pd.concat(some, ignore_index=True)
    rows = rows[np.isfinite(rows["ratio"]) & rows["ratio"].gt(0)]
    parts = [
        _quartiles(ends, ["value", "back"], "ratio").assign(moment=moment)
        for moment, ends in zip(MOMENTS, (_first(rows), _last(rows)), strict=True)
    ]
    frame = _ordered(pd.concat(parts, ignore_index=True), trials, by, ["moment", "back"])
    frame.attrs = {"by": by}
    return frame


def step_sizes(trials: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Returns the size of an update over that of the parameters by step, for each verdict.

    Args:
        trials: Trials table, or a part of it.
        steps: Rows of the steps table of these trials.

    Returns:
        One row a verdict and recorded step: `verdict`, `step`, `ratio` (median of the trials)
        with its quartiles `low`, `high`, and number of `trials`.
    """
    verdicts = trials.set_index("trial")["verdict"]
    rows = steps[steps["update_ratio"].gt(0) & np.isfinite(steps["update_ratio"])]
    rows = rows.assign(verdict=rows["trial"].map(verdicts)).dropna(subset=["verdict"])
    return _quartiles(rows, ["verdict", "step"], "update_ratio", name="ratio")


def clipping_effect(trials: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Returns the norm of the gradient before and after clipping, for each value of `clip_norm`.

    Args:
        trials: Trials table, or a part of it, in which `clip_norm` varies.
        steps: Rows of the steps table of these trials.

    Returns:
        One row a value and recorded step: `value` (as text), `step`, medians of the norm `before`
        and `after` clipping, and number of `trials`.

    Raises:
        AnalysisError: If the trials have no `clip_norm`.
    """
    known = _labels(trials, "clip_norm")
    rows = steps[steps["grad_norm"].gt(0) & np.isfinite(steps["grad_norm"])]
    factor = rows["clip_factor"].fillna(1.0)
    rows = rows.assign(after=rows["grad_norm"] * factor, value=rows["trial"].map(known))
    grouped = rows.dropna(subset=["value"]).groupby(["value", "step"])
    frame = grouped.agg(
        before=("grad_norm", "median"), after=("after", "median"), trials=("trial", "nunique")
    ).reset_index()
    return _ordered(frame, trials, "clip_norm", ["step"])


def _labels(trials: pd.DataFrame, by: str) -> pd.Series:
    """Returns the value of each trial as text, by trial; trials that lack it are left out."""
    if by not in hyperparameters(trials):
        raise unknown_column(by, hyperparameters(trials))
    values = trials.set_index("trial")[by].dropna()
    return values.map(lambda value: value_label(value, digits=3))


def _comparable(counts: pd.Series, known: pd.Series) -> int:
    if counts.empty:
        return 0
    values = known.reindex(counts.index)
    complete = values.groupby(counts).nunique()
    shared = complete[complete == values.nunique()]
    return int(shared.index.max()) if len(shared) else int(counts.mode().iloc[0])


def _first(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["step"] == rows.groupby("trial")["step"].transform("min")]


def _last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["step"] == rows.groupby("trial")["step"].transform("max")]


def _quartiles(
    rows: pd.DataFrame, keys: list[str], column: str, *, name: str = ""
) -> pd.DataFrame:
    grouped = rows.groupby(keys)
    values = grouped[column]
    frame = pd.DataFrame(
        {
            name or column: values.median(),
            "low": values.quantile(0.25),
            "high": values.quantile(0.75),
            "trials": grouped["trial"].nunique(),
        }
    )
    return frame.reset_index()


def _theory(
    trials: pd.DataFrame, known: pd.Series, number: int, frame: pd.DataFrame
) -> np.ndarray:
    """Returns what theory expects of each row of a profile [rows]; NaN at the end of training."""
    if "predicted_ratio" not in trials.columns or number < 2:
        return np.full(len(frame), np.nan)
    ratio = trials.set_index("trial")["predicted_ratio"].astype("float64")
    if "depth" in trials.columns:
        depth = trials.set_index("trial")["depth"]
        ratio = ratio[depth == number] if (depth == number).any() else ratio
    ratio = ratio[ratio > 0]
    medians = ratio.groupby(known.reindex(ratio.index)).median()
    expected = frame["value"].map(medians).astype("float64").to_numpy()
    first = frame.groupby("value")["layer"].transform("min").to_numpy()
    part = (number - 1 + first - frame["layer"].to_numpy()) / (number - 1)
    return np.where(frame["moment"] == MOMENTS[0], expected**part, np.nan)


def _ordered(frame: pd.DataFrame, trials: pd.DataFrame, by: str, then: list[str]) -> pd.DataFrame:
    """Sorts by the values in the order of the study file, or as numbers."""
    if is_numeric(trials[by]):
        values = sorted(trials[by].dropna().unique())
    else:
        seen = sorted(trials[by].dropna().astype("str").unique())
        listed = [str(each) for each in choices(trials, by)]
        values = [*listed, *(each for each in seen if each not in listed)]
    order = {value_label(value, digits=3): place for place, value in enumerate(values)}
    rank = frame["value"].map(order)
    return (
        frame.assign(rank=rank)
        .sort_values(["rank", *then], ignore_index=True)
        .drop(columns="rank")
    )

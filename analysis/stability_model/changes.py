"""Which single change of a configuration would raise the probability of stable most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stability_model.asked import listed_numbers
from analysis.stability_model.columns import key_text
from search_spaces.stability_classifier import Axis

if TYPE_CHECKING:
    from analysis.stability_model.model import StabilityModel

_STEPS = 17
"""Values of a range that are tried, evenly over it."""

_LEAST_GAIN = 0.005
"""Probabilities are told in percent."""


def single_changes(model: StabilityModel, configuration: pd.DataFrame) -> pd.DataFrame:
    """Predicts a configuration with one hyperparameter changed, for each the best value.

    Args:
        model: The study's.
        configuration: One row, as `StabilityModel.predict` takes it.

    Returns:
        `hyperparameter`, `value`, `stable`, `stable_lower`, `stable_upper`, and `gain`, by how
        much the probability of stable would rise; the largest gain first, changes that gain
        less than half a percent left out.
    """
    before = float(model.predict(configuration)["stable"].iloc[0])
    asked = [
        (axis.name, value)
        for axis in model.classifier.encoder.axes
        for value in _values(model.trials, axis)
        if axis.name not in configuration
        or key_text(configuration[axis.name].iloc[0]) != key_text(value)
    ]
    row = configuration.iloc[0].to_dict()
    # As objects: a column may hold numbers and `none`.
    frame = pd.DataFrame([{**row, name: value} for name, value in asked], dtype=object)
    said = model.predict(frame)[["stable", "stable_lower", "stable_upper"]]
    table = pd.DataFrame(asked, columns=["hyperparameter", "value"]).join(said)
    table["gain"] = table["stable"] - before
    best = table.sort_values("gain", ascending=False, kind="stable")
    return (
        best.drop_duplicates("hyperparameter").query("gain >= @_LEAST_GAIN").reset_index(drop=True)
    )


def _values(trials: pd.DataFrame, axis: Axis) -> list[object]:
    numbers = listed_numbers(trials, axis)
    if axis.knots and not numbers:
        space = np.geomspace if axis.log else np.linspace
        numbers = [float(f"{value:.3g}") for value in space(axis.knots[0], axis.knots[-1], _STEPS)]
    return [*numbers, *axis.names]

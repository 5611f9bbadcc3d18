"""The tried configurations most like others: what a prediction rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.stability_model.asked import asked_of

if TYPE_CHECKING:
    from analysis.stability_model.model import StabilityModel


def nearest_trials(model: StabilityModel, frame: pd.DataFrame, n: int) -> pd.DataFrame:
    """Finds the tried configurations most like others.

    Args:
        model: The study's.
        frame: As `StabilityModel.predict` takes it.
        n: Configurations for each row, at most.

    Returns:
        `row` (the frame's index), `trial` (the configuration's first), `verdict` (its most
        frequent), `trials` (its number of them: seeds), `agree` (how many have this verdict),
        `alike` (0 to 1: correlation of the logits before any trial), and the hyperparameters
        that vary; most alike first.
    """
    classifier, counts = model.classifier, model.counts
    asked = asked_of(frame, model.trials, classifier.encoder)
    kernel = next(iter(classifier.latents.values())).kernel
    verdicts = np.array(list(counts.trials))
    outcomes = np.stack(list(counts.trials.values()), axis=1)
    tables = []
    for row, label in enumerate(frame.index):
        points = asked.averaged[row] if row in asked.averaged else asked.columns[[row]]
        alike = kernel(counts.columns, points).max(axis=1) / kernel.variance
        order = np.argsort(-alike, kind="stable")[:n]
        first = model.trials.iloc[model.first_trials[order]]
        tables.append(
            first[["trial", *model.hyperparameters]].assign(
                row=label,
                verdict=verdicts[outcomes[order].argmax(axis=1)],
                trials=outcomes[order].sum(axis=1).astype(int),
                agree=outcomes[order].max(axis=1).astype(int),
                alike=alike[order],
            )
        )
    columns = ["row", "trial", "verdict", "trials", "agree", "alike", *model.hyperparameters]
    joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    return joined.reindex(columns=columns)

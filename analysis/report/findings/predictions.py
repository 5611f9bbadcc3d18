"""Theory against observation, as one finding of a report."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.report.findings.evidence import Evidence
from analysis.trials.theory_agreement import (
    largest_disagreements,
    learning_rate_agreement,
    regime_agreement,
    theory_agreement,
)

LIMIT_EDGES = (0.1, 1.0, 6.0)
"""Learning rates over theory's limit are shown by these; up to about 6 a ReLU network may still
catapult (Lewkowycz et al. 2020)."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Theory against observation; each as the function of the same name has it.

    Attributes:
        regimes: `regime_agreement`.
        overall: `theory_agreement` of all trials, at most one row.
        groups: `theory_agreement` by activation and initialization, as far as they vary.
        learning_rates: `learning_rate_agreement` with `LIMIT_EDGES`.
        disagreements: `largest_disagreements`.
        silent: Number of trials of which neither regime nor ratio is predicted.
    """

    regimes: pd.DataFrame
    overall: pd.DataFrame
    groups: pd.DataFrame
    learning_rates: pd.DataFrame
    disagreements: pd.DataFrame
    silent: int

    @property
    def any(self) -> bool:
        """Whether theory says anything about any trial."""
        return bool(len(self.overall) or self.learning_rates["trials"].sum())


def predictions(evidence: Evidence) -> Predictions:
    """Compares theory and observation in all trials."""
    trials = evidence.trials
    predicted = trials.reindex(columns=["predicted_regime", "predicted_ratio"])
    return Predictions(
        regimes=regime_agreement(trials),
        overall=theory_agreement(trials, ()),
        groups=theory_agreement(trials),
        learning_rates=learning_rate_agreement(trials, LIMIT_EDGES),
        disagreements=largest_disagreements(trials),
        silent=int(predicted.isna().all(axis=1).sum()),
    )

"""Outcome, gradient regime, verdict and explanation of trials, from their tables."""

from study.verdicts.causes import Cause
from study.verdicts.label import label_trials
from study.verdicts.outcome import Outcome
from study.verdicts.regime import Regime
from study.verdicts.relabel import relabel_study
from study.verdicts.thresholds import DEFAULT, Thresholds
from study.verdicts.verdict import Verdict

__all__ = [
    "DEFAULT",
    "Cause",
    "Outcome",
    "Regime",
    "Thresholds",
    "Verdict",
    "label_trials",
    "relabel_study",
]

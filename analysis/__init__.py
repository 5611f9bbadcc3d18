"""What the trials of a study say: tables in; counts, regions, boundaries, a report out."""

from analysis.boundaries import largest_learning_rate
from analysis.cells import Cells, cells
from analysis.counts import VERDICTS, verdict_counts
from analysis.errors import AnalysisError, StudyNotFound
from analysis.flags import flag_counts, has_flag
from analysis.importance import telling_hyperparameters, telling_pairs
from analysis.intervals import wilson_interval
from analysis.published_rules import has_alarm, rule_agreement, rule_kappa
from analysis.regions import stability_regions
from analysis.relabelling import changed_thresholds, changed_verdicts
from analysis.report import write_report
from analysis.representatives import representative_trials
from analysis.safe_regions import Box, inside_box, safe_regions
from analysis.smoothing import boundary_band, smooth_map, smoothed_regions
from analysis.tables import known_studies, load_layers, load_steps, load_trials
from analysis.theory import (
    largest_disagreements,
    learning_rate_agreement,
    ratio_errors,
    regime_agreement,
    theory_agreement,
)
from analysis.typical import typical_trials

__all__ = [
    "VERDICTS",
    "AnalysisError",
    "Box",
    "Cells",
    "StudyNotFound",
    "boundary_band",
    "cells",
    "changed_thresholds",
    "changed_verdicts",
    "flag_counts",
    "has_alarm",
    "has_flag",
    "inside_box",
    "known_studies",
    "largest_disagreements",
    "largest_learning_rate",
    "learning_rate_agreement",
    "load_layers",
    "load_steps",
    "load_trials",
    "ratio_errors",
    "regime_agreement",
    "representative_trials",
    "rule_agreement",
    "rule_kappa",
    "safe_regions",
    "smooth_map",
    "smoothed_regions",
    "stability_regions",
    "telling_hyperparameters",
    "telling_pairs",
    "theory_agreement",
    "typical_trials",
    "verdict_counts",
    "wilson_interval",
    "write_report",
]

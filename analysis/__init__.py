"""What the trials of a study say: tables in; counts, regions, boundaries, a report out."""

from analysis.boundaries import largest_learning_rate
from analysis.cells import Cells, cells
from analysis.counts import VERDICTS, verdict_counts
from analysis.errors import AnalysisError, StudyNotFound
from analysis.importance import telling_hyperparameters, telling_pairs
from analysis.intervals import wilson_interval
from analysis.regions import stability_regions
from analysis.report import write_report
from analysis.tables import known_studies, load_layers, load_steps, load_trials
from analysis.typical import typical_trials

__all__ = [
    "VERDICTS",
    "AnalysisError",
    "Cells",
    "StudyNotFound",
    "cells",
    "known_studies",
    "largest_learning_rate",
    "load_layers",
    "load_steps",
    "load_trials",
    "stability_regions",
    "telling_hyperparameters",
    "telling_pairs",
    "typical_trials",
    "verdict_counts",
    "wilson_interval",
    "write_report",
]

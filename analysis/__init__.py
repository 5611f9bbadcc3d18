"""What the trials of a study say: tables in; counts, regions, boundaries, a report out."""

from analysis.comparison import (
    Comparison,
    compare_importance,
    compare_learning_rates,
    compare_pairs,
    compare_regions,
    compare_studies,
    compare_verdicts,
    paired_trials,
    shared_space,
)
from analysis.errors import AnalysisError, StudyNotFound
from analysis.importance.importance import telling_hyperparameters, telling_pairs
from analysis.importance.sensitivity import learning_rate_sensitivity
from analysis.importance.total_effects import stability_importance, stability_interactions
from analysis.maps.boundaries import largest_learning_rate
from analysis.maps.learning_rate_limits import learning_rate_limits
from analysis.maps.regions import stability_regions
from analysis.maps.settling import map_settling, settled_at
from analysis.maps.theory_lines import theory_lines
from analysis.reading import known_studies, load_layers, load_steps, load_trials
from analysis.remedies import remedies
from analysis.report import write_comparison, write_report
from analysis.safe_regions import Box, inside_box, safe_regions
from analysis.safe_regions.confirmation import confirmed_regions
from analysis.safe_regions.recommendation import recommended_region
from analysis.smoothing import (
    boundary_band,
    smooth_map,
    smoothed_regions,
    smoothed_surface,
)
from analysis.space.cells import Cells, cells
from analysis.space.design import sampled_trials, trials_by_design, uniform_trials
from analysis.stability_model import StabilityModel, stability_model
from analysis.stats.calibration import brier_scores, held_out_probabilities, reliability
from analysis.stats.differences import mcnemar, newcombe_interval, newcombe_paired_interval
from analysis.stats.intervals import wilson_interval
from analysis.trials.counts import VERDICTS, cause_counts, verdict_counts
from analysis.trials.flags import flag_counts, has_flag
from analysis.trials.gradient_profiles import (
    clipping_effect,
    gradient_profiles,
    step_sizes,
    time_profiles,
)
from analysis.trials.published_rules import has_alarm, rule_agreement, rule_kappa
from analysis.trials.relabelling import changed_thresholds, changed_verdicts
from analysis.trials.representatives import representative_trials
from analysis.trials.theory_agreement import (
    largest_disagreements,
    learning_rate_agreement,
    ratio_errors,
    regime_agreement,
    theory_agreement,
)
from analysis.trials.typical import typical_trials

__all__ = [
    "VERDICTS",
    "AnalysisError",
    "Box",
    "Cells",
    "Comparison",
    "StabilityModel",
    "StudyNotFound",
    "boundary_band",
    "brier_scores",
    "cause_counts",
    "cells",
    "changed_thresholds",
    "changed_verdicts",
    "clipping_effect",
    "compare_importance",
    "compare_learning_rates",
    "compare_pairs",
    "compare_regions",
    "compare_studies",
    "compare_verdicts",
    "confirmed_regions",
    "flag_counts",
    "gradient_profiles",
    "has_alarm",
    "has_flag",
    "held_out_probabilities",
    "inside_box",
    "known_studies",
    "largest_disagreements",
    "largest_learning_rate",
    "learning_rate_agreement",
    "learning_rate_limits",
    "learning_rate_sensitivity",
    "load_layers",
    "load_steps",
    "load_trials",
    "map_settling",
    "mcnemar",
    "newcombe_interval",
    "newcombe_paired_interval",
    "paired_trials",
    "ratio_errors",
    "recommended_region",
    "regime_agreement",
    "reliability",
    "remedies",
    "representative_trials",
    "rule_agreement",
    "rule_kappa",
    "safe_regions",
    "settled_at",
    "shared_space",
    "sampled_trials",
    "smooth_map",
    "smoothed_regions",
    "smoothed_surface",
    "stability_importance",
    "stability_interactions",
    "stability_model",
    "stability_regions",
    "step_sizes",
    "telling_hyperparameters",
    "telling_pairs",
    "theory_agreement",
    "theory_lines",
    "time_profiles",
    "trials_by_design",
    "typical_trials",
    "uniform_trials",
    "verdict_counts",
    "wilson_interval",
    "write_comparison",
    "write_report",
]

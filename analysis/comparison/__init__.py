"""Two studies: what changed from one to the other, over what they share."""

from analysis.comparison.compare import Comparison, compare_studies
from analysis.comparison.edges import compare_importance, compare_learning_rates
from analysis.comparison.regions import compare_regions
from analysis.comparison.shares import (
    changed_pairs,
    compare_pairs,
    compare_verdicts,
    paired_trials,
)
from analysis.comparison.space import Shared, shared_space
from analysis.comparison.table import comparison_table

__all__ = [
    "Comparison",
    "Shared",
    "changed_pairs",
    "compare_importance",
    "compare_learning_rates",
    "compare_pairs",
    "compare_regions",
    "compare_studies",
    "compare_verdicts",
    "comparison_table",
    "paired_trials",
    "shared_space",
]

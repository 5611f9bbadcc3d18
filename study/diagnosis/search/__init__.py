"""The search for what makes a configuration stable, each change found by training it."""

from study.diagnosis.search.attempt import Attempt, Remedy, Search, is_clear
from study.diagnosis.search.finding import BUDGET_S, find_remedies
from study.diagnosis.search.searching import search_remedies
from study.diagnosis.search.training_rounds import LONGER, LONGER_SEEDS

__all__ = [
    "BUDGET_S",
    "LONGER",
    "LONGER_SEEDS",
    "Attempt",
    "Remedy",
    "Search",
    "find_remedies",
    "is_clear",
    "search_remedies",
]

"""One configuration: what becomes of it, why, and what would make it stable."""

from study.diagnosis.change import Change, Changes
from study.diagnosis.diagnosis import Diagnosis, Explanation
from study.diagnosis.expectation import Expectation, Spread
from study.diagnosis.layer_gradients import LayerGradient, layer_gradients
from study.diagnosis.moments import Beginning, Event, FirstLook, Moment, Watch
from study.diagnosis.run import diagnose
from study.diagnosis.search import (
    Attempt,
    Remedy,
    Search,
    find_remedies,
    is_clear,
    search_remedies,
)
from study.diagnosis.single_changes import Candidate, candidates
from study.diagnosis.trained import Trained

__all__ = [
    "Attempt",
    "Beginning",
    "Candidate",
    "Change",
    "Changes",
    "Diagnosis",
    "Event",
    "Expectation",
    "Explanation",
    "FirstLook",
    "LayerGradient",
    "Moment",
    "Remedy",
    "Search",
    "Spread",
    "Trained",
    "Watch",
    "candidates",
    "diagnose",
    "find_remedies",
    "is_clear",
    "layer_gradients",
    "search_remedies",
]

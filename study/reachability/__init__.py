"""Whether what a study keeps its results in can be reached and written, tried in seconds."""

from study.reachability.finding import Finding
from study.reachability.services import find

__all__ = ["Finding", "find"]

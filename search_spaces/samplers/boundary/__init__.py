"""A sampler that spends trials where the map of verdicts is uncertain."""

from search_spaces.samplers.boundary.sampler import BoundarySampler
from search_spaces.samplers.boundary.schedule import BOUNDARY, SPACE_FILLING, Design, Schedule
from search_spaces.samplers.boundary.settings import Settings

__all__ = [
    "BOUNDARY",
    "SPACE_FILLING",
    "BoundarySampler",
    "Design",
    "Schedule",
    "Settings",
]

"""A sampler that spends trials where the map of verdicts is uncertain."""

from search_spaces.samplers.boundary.sampler import DESIGN, SYSTEM_DESIGN, BoundarySampler
from search_spaces.samplers.boundary.schedule import BOUNDARY, SPACE_FILLING, Design, Schedule
from search_spaces.samplers.boundary.settings import Settings

__all__ = [
    "BOUNDARY",
    "DESIGN",
    "SPACE_FILLING",
    "SYSTEM_DESIGN",
    "BoundarySampler",
    "Design",
    "Schedule",
    "Settings",
]

"""Samplers: which configuration each trial of a study gets."""

from search_spaces.samplers.boundary import DESIGN, SYSTEM_DESIGN, BoundarySampler
from search_spaces.samplers.design import Design, DesignSampler
from search_spaces.samplers.grid import GridDesign, grid_size
from search_spaces.samplers.registry import SAMPLERS, is_adaptive, make_sampler
from search_spaces.samplers.space_versions import SpaceVersion, SpaceVersions

__all__ = [
    "DESIGN",
    "SAMPLERS",
    "SYSTEM_DESIGN",
    "BoundarySampler",
    "Design",
    "DesignSampler",
    "SpaceVersion",
    "SpaceVersions",
    "GridDesign",
    "grid_size",
    "is_adaptive",
    "make_sampler",
]

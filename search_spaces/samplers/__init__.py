"""Samplers: which configuration each trial of a study gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from search_spaces.samplers.boundary import BoundarySampler
    from search_spaces.samplers.design import DESIGN, SYSTEM_DESIGN, Design, DesignSampler
    from search_spaces.samplers.grid import GridDesign, grid_size
    from search_spaces.samplers.numbering import ConfirmingBlock, Numbering, SeedChange
    from search_spaces.samplers.placed import CONFIRMING
    from search_spaces.samplers.registry import SAMPLERS, is_adaptive, make_sampler
    from search_spaces.samplers.space_versions import SpaceVersion, SpaceVersions

_HOMES = {
    "BoundarySampler": "search_spaces.samplers.boundary",
    "CONFIRMING": "search_spaces.samplers.placed",
    "ConfirmingBlock": "search_spaces.samplers.numbering",
    "DESIGN": "search_spaces.samplers.design",
    "Design": "search_spaces.samplers.design",
    "DesignSampler": "search_spaces.samplers.design",
    "GridDesign": "search_spaces.samplers.grid",
    "Numbering": "search_spaces.samplers.numbering",
    "SAMPLERS": "search_spaces.samplers.registry",
    "SYSTEM_DESIGN": "search_spaces.samplers.design",
    "SeedChange": "search_spaces.samplers.numbering",
    "SpaceVersion": "search_spaces.samplers.space_versions",
    "SpaceVersions": "search_spaces.samplers.space_versions",
    "grid_size": "search_spaces.samplers.grid",
    "is_adaptive": "search_spaces.samplers.registry",
    "make_sampler": "search_spaces.samplers.registry",
}

__all__ = [
    "BoundarySampler",
    "CONFIRMING",
    "ConfirmingBlock",
    "DESIGN",
    "Design",
    "DesignSampler",
    "GridDesign",
    "Numbering",
    "SAMPLERS",
    "SYSTEM_DESIGN",
    "SeedChange",
    "SpaceVersion",
    "SpaceVersions",
    "grid_size",
    "is_adaptive",
    "make_sampler",
]

__getattr__ = lazy_names(__name__, _HOMES)

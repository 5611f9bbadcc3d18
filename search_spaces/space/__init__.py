"""Search spaces: what one study fixes and what it varies."""

from search_spaces.space.build import build_space
from search_spaces.space.entries import Entry
from search_spaces.space.search_space import SearchSpace, SpaceRow
from search_spaces.space.settings import Choice, Fixed, Range, Setting

__all__ = [
    "Choice",
    "Entry",
    "Fixed",
    "Range",
    "SearchSpace",
    "Setting",
    "SpaceRow",
    "build_space",
]

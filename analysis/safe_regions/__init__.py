"""Safe regions: boxes of the search space that were measured on trials held out."""

from analysis.safe_regions.box import Box, Condition, inside_box
from analysis.safe_regions.regions import safe_regions

__all__ = ["Box", "Condition", "inside_box", "safe_regions"]

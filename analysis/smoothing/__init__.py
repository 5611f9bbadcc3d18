"""The probability of stable as a smooth function of hyperparameters, and how sure that is."""

from analysis.smoothing.band import boundary_band
from analysis.smoothing.model import Smooth
from analysis.smoothing.regions import smoothed_regions
from analysis.smoothing.smooth_map import smooth_map
from analysis.smoothing.surface import smoothed_surface

__all__ = ["Smooth", "boundary_band", "smooth_map", "smoothed_regions", "smoothed_surface"]

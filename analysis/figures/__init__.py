"""Figures: each takes DataFrames and a theme and returns a plotly figure."""

from collections.abc import Callable

import plotly.graph_objects as go

from analysis.figures.layer_gradients import layer_gradients
from analysis.figures.layer_heatmap import delta_decades, layer_heatmap
from analysis.figures.learning_rate_by_depth import learning_rate_by_depth
from analysis.figures.learning_rate_limits import learning_rate_limits
from analysis.figures.loss_curves import loss_curves
from analysis.figures.palette import DARK, LIGHT, VERDICT_COLORS, Theme
from analysis.figures.predicted_ratio import predicted_ratio
from analysis.figures.region_change import region_change
from analysis.figures.region_map import region_map
from analysis.figures.reliability_plot import reliability_plot
from analysis.figures.share_change import share_change
from analysis.figures.smoothed_map import smoothed_map
from analysis.figures.training_curves import training_curves
from analysis.figures.verdict_bar import verdict_bar

FIGURES: dict[str, Callable[..., go.Figure]] = {
    "layer_gradients": layer_gradients,
    "layer_heatmap": layer_heatmap,
    "learning_rate_by_depth": learning_rate_by_depth,
    "learning_rate_limits": learning_rate_limits,
    "loss_curves": loss_curves,
    "predicted_ratio": predicted_ratio,
    "region_change": region_change,
    "region_map": region_map,
    "reliability_plot": reliability_plot,
    "share_change": share_change,
    "smoothed_map": smoothed_map,
    "training_curves": training_curves,
    "verdict_bar": verdict_bar,
}
"""Every figure by name."""

__all__ = [
    "DARK",
    "FIGURES",
    "LIGHT",
    "VERDICT_COLORS",
    "Theme",
    "delta_decades",
    "layer_gradients",
    "layer_heatmap",
    "learning_rate_by_depth",
    "learning_rate_limits",
    "loss_curves",
    "predicted_ratio",
    "region_change",
    "region_map",
    "reliability_plot",
    "share_change",
    "smoothed_map",
    "training_curves",
    "verdict_bar",
]

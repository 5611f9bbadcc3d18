"""Figures: each takes DataFrames and a theme and returns a plotly figure."""

from collections.abc import Callable

import plotly.graph_objects as go

from analysis.figures.box_diagram import box_diagram
from analysis.figures.clipped_norms import clipped_norms
from analysis.figures.coordinate_check import coordinate_check
from analysis.figures.edge_scaling import edge_scaling
from analysis.figures.gradient_by_layer import gradient_by_layer
from analysis.figures.gradient_through_time import gradient_through_time
from analysis.figures.importance_bars import importance_bars
from analysis.figures.layer_heatmap import delta_decades, layer_heatmap
from analysis.figures.layer_scales import layer_scales
from analysis.figures.learning_rate_by_depth import learning_rate_by_depth
from analysis.figures.learning_rate_limits import learning_rate_limits
from analysis.figures.loss_curves import loss_curves
from analysis.figures.palette import DARK, LIGHT, VERDICT_COLORS, Theme
from analysis.figures.predicted_ratio import predicted_ratio
from analysis.figures.region_change import region_change
from analysis.figures.region_map import region_map
from analysis.figures.reliability_plot import reliability_plot
from analysis.figures.remedy_forest import remedy_forest
from analysis.figures.seed_curves import SeedGroup, seed_curves
from analysis.figures.settling_curve import settling_curve
from analysis.figures.share_change import share_change
from analysis.figures.smoothed_map import smoothed_map
from analysis.figures.training_curves import training_curves
from analysis.figures.update_sizes import update_sizes
from analysis.figures.verdict_bar import verdict_bar

FIGURES: dict[str, Callable[..., go.Figure]] = {
    "box_diagram": box_diagram,
    "clipped_norms": clipped_norms,
    "coordinate_check": coordinate_check,
    "edge_scaling": edge_scaling,
    "gradient_by_layer": gradient_by_layer,
    "gradient_through_time": gradient_through_time,
    "importance_bars": importance_bars,
    "layer_heatmap": layer_heatmap,
    "layer_scales": layer_scales,
    "learning_rate_by_depth": learning_rate_by_depth,
    "learning_rate_limits": learning_rate_limits,
    "loss_curves": loss_curves,
    "predicted_ratio": predicted_ratio,
    "region_change": region_change,
    "region_map": region_map,
    "remedy_forest": remedy_forest,
    "smoothed_map": smoothed_map,
    "reliability_plot": reliability_plot,
    "seed_curves": seed_curves,
    "settling_curve": settling_curve,
    "share_change": share_change,
    "training_curves": training_curves,
    "update_sizes": update_sizes,
    "verdict_bar": verdict_bar,
}
"""Every figure by name."""

__all__ = [
    "DARK",
    "FIGURES",
    "LIGHT",
    "VERDICT_COLORS",
    "SeedGroup",
    "Theme",
    "box_diagram",
    "clipped_norms",
    "coordinate_check",
    "delta_decades",
    "edge_scaling",
    "gradient_by_layer",
    "gradient_through_time",
    "importance_bars",
    "layer_heatmap",
    "layer_scales",
    "learning_rate_by_depth",
    "learning_rate_limits",
    "loss_curves",
    "predicted_ratio",
    "region_change",
    "region_map",
    "remedy_forest",
    "smoothed_map",
    "reliability_plot",
    "seed_curves",
    "settling_curve",
    "share_change",
    "training_curves",
    "update_sizes",
    "verdict_bar",
]

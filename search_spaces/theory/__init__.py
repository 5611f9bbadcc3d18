"""What theory says of a configuration before it is trained."""

from search_spaces.theory.initial_variances import (
    InitialVariances,
    finite_width_variance,
    gradient_factor,
    initial_variances,
    lengths,
)
from search_spaces.theory.limits import (
    adam_limit,
    gradient_descent_limit,
    heavy_ball_limit,
    nesterov_limit,
)
from search_spaces.theory.mean_field import MeanField, critical_weight_variance, mean_field

__all__ = [
    "InitialVariances",
    "MeanField",
    "adam_limit",
    "critical_weight_variance",
    "finite_width_variance",
    "gradient_descent_limit",
    "gradient_factor",
    "heavy_ball_limit",
    "initial_variances",
    "lengths",
    "mean_field",
    "nesterov_limit",
]

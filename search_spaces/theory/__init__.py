"""What theory says of a configuration before it is trained."""

from search_spaces.theory.criticality import critical_weight_variance
from search_spaces.theory.expectation import Expectation, Inputs
from search_spaces.theory.initial_variances import Fans, InitialVariances, initial_variances
from search_spaces.theory.limits import (
    adam_limit,
    gradient_descent_limit,
    heavy_ball_limit,
    nesterov_limit,
)
from search_spaces.theory.mean_field import MeanField, mean_field
from search_spaces.theory.predict import THEORIES, predict

__all__ = [
    "THEORIES",
    "Expectation",
    "Fans",
    "InitialVariances",
    "Inputs",
    "MeanField",
    "adam_limit",
    "critical_weight_variance",
    "gradient_descent_limit",
    "heavy_ball_limit",
    "initial_variances",
    "mean_field",
    "nesterov_limit",
    "predict",
]

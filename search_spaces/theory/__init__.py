"""What theory says of a configuration before it is trained."""

from search_spaces.theory.expectation import Expectation, Inputs
from search_spaces.theory.initial_variances import Fans, InitialVariances, initial_variances
from search_spaces.theory.limits import (
    gradient_descent_limit,
    heavy_ball_limit,
    nesterov_limit,
)
from search_spaces.theory.predict import THEORIES, predict

__all__ = [
    "THEORIES",
    "Expectation",
    "Fans",
    "InitialVariances",
    "Inputs",
    "gradient_descent_limit",
    "heavy_ball_limit",
    "initial_variances",
    "nesterov_limit",
    "predict",
]

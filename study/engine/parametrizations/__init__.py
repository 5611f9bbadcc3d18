"""How a network's scales and learning rates follow its width and depth."""

from study.engine.parametrizations.rates import rate_factors
from study.engine.parametrizations.rules import check_parametrization
from study.engine.parametrizations.scales import (
    PARAMETRIZATIONS,
    STANDARD,
    branch_scale,
    output_scale,
    score_scale,
    width_ratio,
)

__all__ = [
    "PARAMETRIZATIONS",
    "STANDARD",
    "branch_scale",
    "check_parametrization",
    "output_scale",
    "rate_factors",
    "score_scale",
    "width_ratio",
]

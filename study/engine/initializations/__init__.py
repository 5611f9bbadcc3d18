"""Where the parameters of a network start."""

from study.engine.initializations.distributions import INITIALIZATIONS, Initialization, fans
from study.engine.initializations.initial_parameters import (
    OUTPUT_INITIALIZATIONS,
    TORCH_DEFAULT,
    frozen_parameters,
    initialize,
    is_drawn,
)
from study.engine.initializations.recurrent import RECURRENT_INITIALIZATIONS
from study.engine.initializations.residual import RESIDUAL_INITIALIZATIONS

__all__ = [
    "INITIALIZATIONS",
    "OUTPUT_INITIALIZATIONS",
    "RECURRENT_INITIALIZATIONS",
    "RESIDUAL_INITIALIZATIONS",
    "TORCH_DEFAULT",
    "Initialization",
    "fans",
    "initialize",
    "frozen_parameters",
    "is_drawn",
]

"""What a trial is shown, and in which numbers."""

from __future__ import annotations

from search_spaces.catalogue.hyperparameter import Hyperparameter
from search_spaces.catalogue.intervals import COUNT

DTYPES = ("float32", "float64", "bfloat16")

TRAINING_DATA = (
    Hyperparameter(
        name="sequence_length",
        kind="integer",
        interval=COUNT,
        default=32,
        unit="time steps",
        tasks=("text", "adding", "copy", "temporal_order"),
        meaning="time steps of an example; of copy, those of the pause",
    ),
    Hyperparameter(
        name="batch_size",
        kind="integer",
        interval=COUNT,
        default=64,
        unit="samples",
        meaning="samples in each step's batch",
    ),
    Hyperparameter(
        name="dtype",
        kind="name",
        choices=DTYPES,
        default="float32",
        meaning="floating-point type; bfloat16 rounds the operands of matrix products only",
    ),
)

"""What a trial is shown, and in which numbers."""

from __future__ import annotations

from search_spaces.catalogue.hyperparameter import Hyperparameter
from search_spaces.catalogue.intervals import COUNT, POSITIVE

DTYPES = ("float32", "float64", "bfloat16")
STANDARDIZED = ("none", "inputs", "targets", "both")
CLASS_WEIGHTS = ("none", "balanced")

TRAINING_DATA = (
    Hyperparameter(
        name="sequence_length",
        kind="integer",
        interval=COUNT,
        default=32,
        unit="time steps",
        tasks=("text", "adding", "copy", "temporal_order", "reverse", "marked_copy"),
        meaning="time steps of an example; of copy, those of the pause; of reverse and "
        "marked_copy, those that are read",
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
    Hyperparameter(
        name="standardize",
        kind="name",
        choices=STANDARDIZED,
        default=None,
        default_text="none: as the task gives them",
        meaning="which of inputs and targets are brought to mean 0 and variance 1 over the data: "
        "a table by column, images and sequences as a whole; the metric keeps its units",
    ),
    Hyperparameter(
        name="class_weights",
        kind="name",
        choices=CLASS_WEIGHTS,
        default=None,
        default_text="none: all examples count the same",
        meaning="what an example's loss counts in a task of labels; balanced: inversely to how "
        "frequent its label is, 1 on average",
    ),
    Hyperparameter(
        name="z_loss",
        kind="number-or-none",
        interval=POSITIVE,
        default=None,
        default_text="none: logits may drift",
        meaning="factor on the square of ln sum exp(logits), which is added to a cross-entropy",
    ),
)

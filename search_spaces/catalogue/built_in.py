"""Names of the tasks and networks that come with gradscape."""

from __future__ import annotations

BUILT_IN_TASKS = (
    "digits",
    "idx_images",
    "text",
    "adding",
    "copy",
    "temporal_order",
    "teacher",
    "quadratic",
    "torchvision",
)
RECURRENT_NETWORKS = ("rnn", "lstm", "gru")
BUILT_IN_NETWORKS = (
    "mlp",
    "cnn",
    "resnet",
    "densenet",
    *RECURRENT_NETWORKS,
    "transformer",
    "linear",
)


def is_own(name: str) -> bool:
    """Whether a task or network is the person's own, written ``package.module:attribute``."""
    return ":" in name

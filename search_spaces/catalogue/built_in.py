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
BUILT_IN_NETWORKS = (
    "mlp",
    "cnn",
    "resnet",
    "densenet",
    "rnn",
    "lstm",
    "gru",
    "transformer",
    "linear",
)


def is_own(name: str) -> bool:
    """Whether a task or network is the person's own, written ``package.module:attribute``."""
    return ":" in name

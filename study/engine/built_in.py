"""Names of the networks and tasks that come with gradscape: the one list of each.

A name is that of a module in `networks` or `tasks` and of the function in it. Nothing here imports
torch, so that a study file's names are checked before anything heavy is loaded.
"""

from __future__ import annotations

BUILT_IN_NETWORKS = (
    "mlp",
    "cnn",
    "resnet",
    "densenet",
    "unet",
    "vae",
    "rnn",
    "lstm",
    "gru",
    "seq2seq",
    "transformer",
    "encoder_decoder",
    "linear",
)

BUILT_IN_TASKS = (
    "digits",
    "detection",
    "denoising",
    "segmentation",
    "generation",
    "idx_images",
    "text",
    "adding",
    "copy",
    "temporal_order",
    "reverse",
    "marked_copy",
    "dates",
    "translation",
    "chirps",
    "teacher",
    "quadratic",
    "torchvision",
    "table",
    "image_folder",
)

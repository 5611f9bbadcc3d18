"""Families of the tasks that applications are made of, for `calibration.py`.

Each task has what trains it, with learning rates well inside of the band, and what breaks it.
"""

from __future__ import annotations

from calibration_family import NO_GRADIENT, TOO_MUCH, Family, healthy, log_range, sick

_SENTENCES = {
    "width": 32,
    "sequence_length": 6,
    "optimizer": "adam",
    "initialization": "xavier_normal",
}
_TEXTS = {**_SENTENCES, "sequence_length": 8, "depth": 2, "heads": 4, "activation": "gelu"}
_IMAGES = {"optimizer": "adam", "initialization": "he_normal", "batch_size": [16, 32]}
_TRANSLATED = {
    "width": 32,
    "heads": 4,
    "depth": 1,
    "optimizer": "adam",
    "initialization": "xavier_normal",
    "batch_size": [16, 32],
}
_FIFTY_LAYERS = {
    "depth": 24,
    "width": 4,
    "momentum": 0.9,
    "initialization": "he_normal",
    "batch_size": [16, 32],
}
_HEARD = {
    "width": 32,
    "optimizer": "adam",
    "initialization": "xavier_normal",
    "batch_size": [16, 32],
}
_DRAWN = {**_HEARD, "width": 64, "depth": 1, "activation": "tanh"}
_TOO_LARGE = "a hundred times the learning rate that trains"

HEALTHY: tuple[Family, ...] = (
    healthy(
        "reverse-lstm",
        "Sutskever et al. 2014: what was read last is said first, a short way for gradients",
        "lstm",
        "reverse",
        {**_SENTENCES, "batch_size": [16, 32], "learning_rate": log_range(1e-2, 3e-2)},
        400,
    ),
    healthy(
        "reverse-seq2seq",
        "Luong et al. 2015: attention is a way of one step to each symbol",
        "seq2seq",
        "reverse",
        {**_SENTENCES, "batch_size": [16, 32], "learning_rate": log_range(5e-3, 2e-2)},
        300,
    ),
    healthy(
        "marked-copy-transformer",
        "Xiong et al. 2020: normalization before the branches needs no warm-up",
        "transformer",
        "marked_copy",
        {**_TEXTS, "batch_size": [16, 32], "learning_rate": log_range(2e-3, 5e-3)},
        300,
    ),
    healthy(
        "detection-resnet",
        "He et al. 2016: blocks with batch normalization; class and box (Redmon et al. 2016)",
        "resnet",
        "detection",
        {**_IMAGES, "depth": 2, "normalization": "batch", "learning_rate": log_range(5e-3, 2e-2)},
        300,
    ),
    healthy(
        "denoising-unet",
        "Ronneberger et al. 2015, with He et al.'s weights",
        "unet",
        "denoising",
        {**_IMAGES, "depth": [1, 2], "learning_rate": log_range(2e-3, 1e-2)},
        300,
    ),
    healthy(
        "dates-encoder-decoder",
        "Vaswani et al. 2017; each character is looked up where the format has it",
        "encoder_decoder",
        "dates",
        {**_TRANSLATED, "normalization": "none", "learning_rate": log_range(2e-3, 8e-3)},
        400,
    ),
    healthy(
        "translation-encoder-decoder",
        "Xiong et al. 2020: normalization before the branches needs no warm-up",
        "encoder_decoder",
        "translation",
        {**_TRANSLATED, "learning_rate": log_range(2e-3, 8e-3)},
        400,
    ),
    healthy(
        "segmentation-unet",
        "Ronneberger et al. 2015, with He et al.'s weights",
        "unet",
        "segmentation",
        {**_IMAGES, "depth": [1, 2], "learning_rate": log_range(2e-3, 6e-3)},
        500,
    ),
    healthy(
        "resnet-50",
        "He et al. 2016: 50 layers train with batch normalization",
        "resnet",
        "digits",
        {**_FIFTY_LAYERS, "normalization": "batch", "learning_rate": log_range(0.05, 0.1)},
        180,
    ),
    healthy(
        "chirps-gru",
        "Graves et al. 2006: the loss finds the times of the labels by itself",
        "gru",
        "chirps",
        {**_HEARD, "learning_rate": log_range(1e-2, 3e-2)},
    ),
    healthy(
        "generation-vae",
        "Kingma and Welling 2014: gradients pass through the draw",
        "vae",
        "generation",
        {**_DRAWN, "learning_rate": log_range(7e-3, 2e-2)},
        300,
    ),
)

SICK: tuple[Family, ...] = (
    sick(
        "reverse-lstm-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "lstm",
        "reverse",
        {**_SENTENCES, "batch_size": [16, 32], "learning_rate": log_range(1.0, 3.0)},
    ),
    sick(
        "reverse-seq2seq-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "seq2seq",
        "reverse",
        {**_SENTENCES, "batch_size": [16, 32], "learning_rate": log_range(0.5, 2.0)},
    ),
    sick(
        "marked-copy-transformer-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "transformer",
        "marked_copy",
        {**_TEXTS, "batch_size": [16, 32], "learning_rate": log_range(0.2, 0.5)},
        100,
    ),
    sick(
        "detection-resnet-x100",
        f"{_TOO_LARGE}, without normalization",
        TOO_MUCH,
        "resnet",
        "detection",
        {**_IMAGES, "depth": 2, "normalization": "none", "learning_rate": log_range(0.3, 2.0)},
        100,
    ),
    sick(
        "detection-small-normal",
        "weights of standard deviation 0.01",
        NO_GRADIENT,
        "cnn",
        "detection",
        {
            **_IMAGES,
            "depth": 10,
            "initialization": "small_normal",
            "learning_rate": log_range(3e-4, 3e-3),
        },
        100,
    ),
    sick(
        "denoising-unet-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "unet",
        "denoising",
        {**_IMAGES, "depth": [1, 2], "learning_rate": log_range(0.3, 2.0)},
        100,
    ),
    sick(
        "denoising-small-normal",
        "weights of standard deviation 0.01",
        NO_GRADIENT,
        "unet",
        "denoising",
        {
            **_IMAGES,
            "depth": [3, 4],
            "initialization": "small_normal",
            "learning_rate": log_range(3e-4, 3e-3),
        },
        100,
    ),
    sick(
        "dates-encoder-decoder-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "encoder_decoder",
        "dates",
        {**_TRANSLATED, "normalization": "none", "learning_rate": log_range(0.2, 0.8)},
        100,
    ),
    sick(
        "translation-encoder-decoder-x250",
        "some 250 times the learning rate that trains: at a hundred times a few words are learned",
        TOO_MUCH,
        "encoder_decoder",
        "translation",
        {**_TRANSLATED, "learning_rate": log_range(0.5, 2.0)},
        100,
    ),
    sick(
        "segmentation-unet-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "unet",
        "segmentation",
        {**_IMAGES, "depth": [1, 2], "learning_rate": log_range(0.3, 2.0)},
        100,
    ),
    sick(
        "segmentation-small-normal",
        "weights of standard deviation 0.01",
        NO_GRADIENT,
        "unet",
        "segmentation",
        {
            **_IMAGES,
            "depth": [3, 4],
            "initialization": "small_normal",
            "learning_rate": log_range(3e-4, 3e-3),
        },
        100,
    ),
    sick(
        "resnet-50-unnormalized",
        "Zhang et al. 2019: without normalization sums grow with every block",
        TOO_MUCH,
        "resnet",
        "digits",
        {**_FIFTY_LAYERS, "normalization": "none", "learning_rate": log_range(0.05, 0.5)},
        60,
    ),
    sick(
        "chirps-gru-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "gru",
        "chirps",
        {**_HEARD, "learning_rate": log_range(1.0, 3.0)},
    ),
    sick(
        "generation-vae-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "vae",
        "generation",
        {**_DRAWN, "learning_rate": log_range(1.0, 3.0)},
    ),
)

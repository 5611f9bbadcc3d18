"""Families whose batches are noisy or whose training is short, for `calibration.py`.

No verdict of these may come from the luck of a few examples: heavy-tailed errors, rare labels,
batches of 1, 4 and 16, a readout of zeros, a loss that falls at every step from far above chance.
"""

from __future__ import annotations

from calibration_family import TOO_MUCH, Family, healthy, log_range, sick, unfinished

_TAILS = "squared errors under Student's t of 2.5 degrees: a few examples make most of the loss"
_RARE = "2 % positives: a batch with more of them has a higher loss, and nothing oscillates"
_FEW = "batches of 1, 4 and 16 examples differ by chance; learning rates fall with their size"

HEALTHY: tuple[Family, ...] = (
    *(
        healthy(
            f"heavy-tails-{size}",
            _TAILS,
            "mlp",
            "calibration_tasks:heavy_tails",
            {
                "depth": [1, 2],
                "width": 32,
                "activation": ["tanh", "relu"],
                "initialization": "he_normal",
                "learning_rate": log_range(*rates),
                "batch_size": size,
            },
            steps,
        )
        for size, rates, steps in (
            (1, (1e-3, 3e-3), 3000),
            (4, (2e-3, 1e-2), 1500),
            (16, (5e-3, 2e-2), 800),
            (64, (1e-2, 5e-2), 400),
        )
    ),
    *(
        healthy(
            f"batches-of-{size}",
            _FEW,
            "mlp",
            "digits",
            {
                "depth": [1, 2],
                "width": 32,
                "activation": ["tanh", "relu"],
                "initialization": "he_normal",
                "learning_rate": log_range(*rates),
                "batch_size": size,
            },
            steps,
        )
        for size, rates, steps in (
            (1, (3e-3, 1e-2), 4000),
            (4, (5e-3, 2e-2), 1500),
            (16, (1e-2, 5e-2), 600),
        )
    ),
    healthy(
        "rare-positives",
        f"{_RARE}; found at a learning rate that is large enough",
        "mlp",
        "calibration_tasks:rare_positives",
        {"depth": 2, "width": 32, "learning_rate": log_range(0.2, 0.5)},
        400,
        shift=2.5,
    ),
    healthy(
        "zero-readout",
        "Zhang et al. 2019 (Fixup): the last layer begins at zero, gradients arrive a step later",
        "calibration_tasks:zero_readout",
        "digits",
        {"learning_rate": log_range(0.2, 0.5)},
        300,
    ),
    healthy(
        "squares",
        "squared errors of labels, which begin at thirty times the loss of the best constant",
        "mlp",
        "calibration_tasks:squares",
        {
            "depth": [2, 3],
            "width": 64,
            "initialization": "he_normal",
            "learning_rate": log_range(0.01, 0.02),
        },
        400,
    ),
)

UNFINISHED: tuple[Family, ...] = (
    unfinished(
        "rare-positives-slow",
        f"{_RARE}; all parts are called fine for thousands of steps",
        "mlp",
        "calibration_tasks:rare_positives",
        {
            "depth": 2,
            "width": 32,
            "learning_rate": log_range(0.003, 0.03),
            "batch_size": [4, 16, 64],
        },
        300,
    ),
    unfinished(
        "large-logits-1",
        "batches of one, first losses four and seven times that of chance: all fall",
        "mlp",
        "digits",
        {
            "depth": 1,
            "width": 32,
            "activation": "tanh",
            "initialization": "he_normal",
            "init_gain": [4.0, 8.0],
            "batch_size": 1,
            "learning_rate": log_range(1e-3, 3e-3),
        },
        2000,
    ),
    unfinished(
        "squares-12",
        "twelve steps of 512 examples: the loss falls at every one of them",
        "mlp",
        "calibration_tasks:squares",
        {
            "depth": 3,
            "width": 256,
            "initialization": "he_normal",
            "batch_size": 512,
            "learning_rate": log_range(5e-4, 5e-3),
        },
        12,
    ),
)

SICK: tuple[Family, ...] = tuple(
    sick(
        f"batches-of-{size}-x100",
        "a hundred times the learning rate that trains, in batches of a few examples",
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [2, 4],
            "initialization": "he_normal",
            "learning_rate": log_range(2.0, 10.0),
            "batch_size": size,
        },
        300,
    )
    for size in (1, 4, 16)
)

"""What a network is built of."""

from __future__ import annotations

from search_spaces.catalogue.built_in import (
    FEED_FORWARD_NETWORKS,
    RECURRENT_NETWORKS,
    TRANSFORMERS,
)
from search_spaces.catalogue.hyperparameter import Condition, Hyperparameter
from search_spaces.catalogue.intervals import COUNT, NOT_NEGATIVE, POSITIVE

ACTIVATIONS = (
    "sigmoid",
    "tanh",
    "erf",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softsign",
    "softplus",
    "mish",
    "hardtanh",
    "identity",
)
NORMALIZATIONS = ("none", "batch", "layer", "group", "rms")
CONNECTIONS = ("none", "residual", "dense")
NORM_POSITIONS = ("pre", "post", "peri")
QK_NORMALIZATIONS = ("none", "rms")
ATTENTION_MASKS = ("none", "causal")
FEED_FORWARDS = ("plain", "gated")
PARAMETRIZATIONS = ("standard", "mup", "depth_mup")
_SCALED = (Condition(owner="parametrization", values=("mup", "depth_mup")),)
_SCALED_IN_DEPTH = (Condition(owner="parametrization", values=("depth_mup",)),)
_BRANCHES_NORMALIZED = (Condition(owner="normalization", values=("layer", "rms")),)

ARCHITECTURE = (
    Hyperparameter(
        name="depth",
        kind="integer",
        interval=COUNT,
        default=4,
        unit="layers",
        networks=(*FEED_FORWARD_NETWORKS, *RECURRENT_NETWORKS, *TRANSFORMERS),
        network_defaults={
            "densenet": 8,
            "unet": 2,
            "vae": 1,
            **dict.fromkeys(RECURRENT_NETWORKS, 1),
            **dict.fromkeys(TRANSFORMERS, 2),
        },
        meaning="number of hidden layers; of blocks in a resnet (two layers) or a transformer; of "
        "convolutions in each stage of a unet; of layers or blocks of encoder and decoder each in "
        "a vae, seq2seq or encoder_decoder",
    ),
    Hyperparameter(
        name="width",
        kind="integer",
        interval=COUNT,
        default=64,
        unit="units",
        networks=("mlp", "cnn", "resnet", "unet", "vae", *RECURRENT_NETWORKS, *TRANSFORMERS),
        network_defaults={"cnn": 16, "resnet": 16, "unet": 8},
        meaning="units of each hidden layer; channels of images, doubled half-way in a resnet and "
        "at each level of a unet",
    ),
    Hyperparameter(
        name="growth_rate",
        kind="integer",
        interval=COUNT,
        default=16,
        unit="channels",
        networks=("densenet",),
        meaning="channels that each dense layer adds",
    ),
    Hyperparameter(
        name="activation",
        kind="name",
        choices=ACTIVATIONS,
        default="relu",
        networks=(*FEED_FORWARD_NETWORKS, "rnn", *TRANSFORMERS),
        network_defaults={"rnn": "tanh"},
        meaning="nonlinearity after each hidden layer",
    ),
    Hyperparameter(
        name="heads",
        kind="integer",
        interval=COUNT,
        default=4,
        networks=TRANSFORMERS,
        meaning="attention heads of each block; must divide the width",
    ),
    Hyperparameter(
        name="normalization",
        kind="name",
        choices=NORMALIZATIONS,
        default="none",
        networks=(*FEED_FORWARD_NETWORKS, *RECURRENT_NETWORKS, *TRANSFORMERS),
        network_defaults={
            "resnet": "batch",
            "densenet": "batch",
            **dict.fromkeys(TRANSFORMERS, "layer"),
        },
        meaning="what is normalized between a layer and its activation; over time none or layer",
    ),
    Hyperparameter(
        name="norm_position",
        kind="name",
        choices=NORM_POSITIONS,
        default="pre",
        networks=TRANSFORMERS,
        conditions=_BRANCHES_NORMALIZED,
        meaning="whether residual branches see normalized values (pre), give them as well (peri), "
        "or sums are normalized (post)",
    ),
    Hyperparameter(
        name="qk_normalization",
        kind="name",
        choices=QK_NORMALIZATIONS,
        default=None,
        default_text="none",
        networks=TRANSFORMERS,
        meaning="whether the queries and keys of each head are divided by their root mean square",
    ),
    Hyperparameter(
        name="attention_cap",
        kind="number-or-none",
        interval=POSITIVE,
        default=None,
        default_text="none",
        networks=TRANSFORMERS,
        meaning="scores of attention are bent to below this size by cap tanh(score / cap)",
    ),
    Hyperparameter(
        name="attention_mask",
        kind="name",
        choices=ATTENTION_MASKS,
        default=None,
        default_text="causal where the task asks for an output each time step",
        networks=("transformer",),
        meaning="whether a time step sees all others (none) or no later ones (causal)",
    ),
    Hyperparameter(
        name="feed_forward",
        kind="name",
        choices=FEED_FORWARDS,
        default=None,
        default_text="plain",
        networks=TRANSFORMERS,
        meaning="whether the feed-forward layer is multiplied by a gate of its own (SwiGLU with "
        "silu); it is a third narrower then, so that the weights are as many",
    ),
    Hyperparameter(
        name="connections",
        kind="name",
        choices=CONNECTIONS,
        default="none",
        networks=("mlp",),
        meaning="whether hidden layers add to what they see (residual) or see all before (dense)",
    ),
    Hyperparameter(
        name="residual_scale",
        kind="number",
        interval=NOT_NEGATIVE,
        default=1.0,
        networks=("mlp", "resnet", *TRANSFORMERS),
        meaning="factor on what a residual branch adds; no effect without residual connections",
    ),
    Hyperparameter(
        name="parametrization",
        kind="name",
        choices=PARAMETRIZATIONS,
        default=None,
        default_text="standard",
        networks=("mlp", "cnn", "resnet", "transformer"),
        meaning="how initial scales and the learning rates of layers follow width (mup) and depth "
        "(depth_mup), so that settings carry over to larger networks",
    ),
    Hyperparameter(
        name="base_width",
        kind="integer",
        interval=COUNT,
        default=64,
        unit="units",
        networks=("mlp", "cnn", "resnet", "transformer"),
        network_defaults={"cnn": 16, "resnet": 16},
        conditions=_SCALED,
        meaning="width at which mup equals the standard parametrization",
    ),
    Hyperparameter(
        name="base_depth",
        kind="integer",
        interval=COUNT,
        default=4,
        unit="layers",
        networks=("mlp", "resnet", "transformer"),
        network_defaults={"transformer": 2},
        conditions=_SCALED_IN_DEPTH,
        meaning="depth at which depth_mup equals mup",
    ),
)

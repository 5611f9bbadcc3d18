"""The catalogue itself. Adding a hyperparameter, or a choice of one, is one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from search_spaces.catalogue.hyperparameter import NONE, Condition, Hyperparameter, Interval

ACTIVATIONS = (
    "sigmoid",
    "tanh",
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
INITIALIZATIONS = (
    "torch_default",
    "small_normal",
    "xavier_normal",
    "xavier_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "orthogonal",
    "delta_orthogonal",
    "mean_field",
)
NORMALIZATIONS = ("none", "batch", "layer", "group")
CONNECTIONS = ("none", "residual", "dense")
NORM_POSITIONS = ("pre", "post")
RESIDUAL_INITIALIZATIONS = ("none", "zero_last", "fixup")
RECURRENT_INITIALIZATIONS = ("same", "orthogonal", "identity")
LR_DECAYS = ("constant", "exponential", "step", "cosine", "linear")
OPTIMIZERS = ("sgd", "rmsprop", "adagrad", "adam", "adamw")
MOMENTUM_KINDS = ("heavy_ball", "nesterov")
DTYPES = ("float32", "float64", "bfloat16")

_POSITIVE = Interval(low=0, low_open=True)
_NOT_NEGATIVE = Interval(low=0)
_COUNT = Interval(low=1)
_BELOW_ONE = Interval(low=0, high=1, high_open=True)

_RECURRENT = ("rnn", "lstm", "gru")

_LAYER_NORMALIZED = (Condition(owner="normalization", values=("layer",)),)
_MEAN_FIELD = (Condition(owner="initialization", values=("mean_field",)),)
_RATED_DECAY = (Condition(owner="lr_decay", values=("exponential", "step")),)
_IS_SGD = (Condition(owner="optimizer", values=("sgd",)),)
_IS_RMSPROP = (Condition(owner="optimizer", values=("rmsprop",)),)
_IS_ADAM = (Condition(owner="optimizer", values=("adam", "adamw")),)
_HAS_MOMENTUM = (Condition(owner="optimizer", values=("sgd", "rmsprop")),)
_HAS_EPSILON = (Condition(owner="optimizer", values=("rmsprop", "adagrad", "adam", "adamw")),)

_ALL = (
    Hyperparameter(
        name="depth",
        kind="integer",
        interval=_COUNT,
        default=4,
        unit="layers",
        networks=("mlp", "cnn", "resnet", "densenet", *_RECURRENT, "transformer"),
        network_defaults={"densenet": 8, **dict.fromkeys(_RECURRENT, 1), "transformer": 2},
        meaning="number of hidden layers; of blocks in a resnet (two layers) or a transformer",
    ),
    Hyperparameter(
        name="width",
        kind="integer",
        interval=_COUNT,
        default=64,
        unit="units",
        networks=("mlp", "cnn", "resnet", *_RECURRENT, "transformer"),
        network_defaults={"cnn": 16, "resnet": 16},
        meaning="units of each hidden layer; channels of images, doubled half-way in a resnet",
    ),
    Hyperparameter(
        name="growth_rate",
        kind="integer",
        interval=_COUNT,
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
        networks=("mlp", "cnn", "resnet", "densenet", "rnn", "transformer"),
        network_defaults={"rnn": "tanh"},
        meaning="nonlinearity after each hidden layer",
    ),
    Hyperparameter(
        name="heads",
        kind="integer",
        interval=_COUNT,
        default=4,
        networks=("transformer",),
        meaning="attention heads of each block; must divide the width",
    ),
    Hyperparameter(
        name="normalization",
        kind="name",
        choices=NORMALIZATIONS,
        default="none",
        networks=("mlp", "cnn", "resnet", "densenet", *_RECURRENT, "transformer"),
        network_defaults={"resnet": "batch", "densenet": "batch", "transformer": "layer"},
        meaning="what is normalized between a layer and its activation; over time none or layer",
    ),
    Hyperparameter(
        name="norm_position",
        kind="name",
        choices=NORM_POSITIONS,
        default="pre",
        networks=("transformer",),
        conditions=_LAYER_NORMALIZED,
        meaning="whether residual branches see normalized values (pre) or sums are normalized",
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
        interval=_NOT_NEGATIVE,
        default=1.0,
        networks=("mlp", "resnet", "transformer"),
        meaning="factor on what a residual branch adds; no effect without residual connections",
    ),
    Hyperparameter(
        name="residual_initialization",
        kind="name",
        choices=RESIDUAL_INITIALIZATIONS,
        default="none",
        networks=("resnet", "transformer"),
        fusible=True,
        meaning="initial scale of residual branches: the last weight zero, or all by Fixup",
    ),
    Hyperparameter(
        name="recurrent_initialization",
        kind="name",
        choices=RECURRENT_INITIALIZATIONS,
        default="orthogonal",
        networks=_RECURRENT,
        fusible=True,
        meaning="distribution of the initial weights on the hidden state; same: as all others",
    ),
    Hyperparameter(
        name="recurrent_gain",
        kind="number",
        interval=_POSITIVE,
        default=1.0,
        networks=_RECURRENT,
        fusible=True,
        meaning="further factor on the initial weights on the hidden state",
    ),
    Hyperparameter(
        name="forget_bias",
        kind="number",
        default=1.0,
        networks=("lstm",),
        fusible=True,
        meaning="added to the initial bias of the forget gate",
    ),
    Hyperparameter(
        name="initialization",
        kind="name",
        choices=INITIALIZATIONS,
        default="torch_default",
        fusible=True,
        meaning="distribution of the initial weights",
    ),
    Hyperparameter(
        name="init_gain",
        kind="number",
        interval=_POSITIVE,
        default=1.0,
        fusible=True,
        meaning="factor on every initial weight",
    ),
    Hyperparameter(
        name="weight_std",
        kind="number",
        interval=_POSITIVE,
        default=1.0,
        conditions=_MEAN_FIELD,
        fusible=True,
        meaning="sigma_w of mean-field theory: weights have std sigma_w / sqrt(fan_in)",
    ),
    Hyperparameter(
        name="bias_std",
        kind="number",
        interval=_NOT_NEGATIVE,
        default=0.0,
        conditions=_MEAN_FIELD,
        fusible=True,
        meaning="sigma_b of mean-field theory: std of the initial biases",
    ),
    Hyperparameter(
        name="optimizer",
        kind="name",
        choices=OPTIMIZERS,
        default="sgd",
        meaning="update rule",
    ),
    Hyperparameter(
        name="learning_rate",
        kind="number",
        interval=_POSITIVE,
        default=0.01,
        fusible=True,
        meaning="step size at the start of training, or at the end of the warm-up",
    ),
    Hyperparameter(
        name="lr_decay",
        kind="name",
        choices=LR_DECAYS,
        default="constant",
        fusible=True,
        meaning="how the learning rate falls over the steps that follow the warm-up",
    ),
    Hyperparameter(
        name="lr_decay_rate",
        kind="number",
        interval=Interval(low=0, low_open=True, high=1),
        default=0.1,
        conditions=_RATED_DECAY,
        fusible=True,
        meaning="factor on the learning rate every lr_decay_steps",
    ),
    Hyperparameter(
        name="lr_decay_steps",
        kind="integer",
        interval=_COUNT,
        default=None,
        default_text="a third of the steps that follow the warm-up",
        unit="steps",
        conditions=_RATED_DECAY,
        fusible=True,
        meaning="steps after which lr_decay_rate has acted once",
    ),
    Hyperparameter(
        name="warmup_steps",
        kind="integer",
        interval=_NOT_NEGATIVE,
        default=0,
        unit="steps",
        fusible=True,
        meaning="steps in which the learning rate rises linearly, from its warmup_steps-th part",
    ),
    Hyperparameter(
        name="weight_decay",
        kind="number",
        interval=_NOT_NEGATIVE,
        default=None,
        default_text="0; 0.01 with adamw",
        fusible=True,
        meaning="L2 penalty: weight_decay * parameter is added to the gradient, or with adamw "
        "learning rate * weight_decay * parameter taken off the parameter",
    ),
    Hyperparameter(
        name="clip_norm",
        kind="number-or-none",
        interval=_POSITIVE,
        default=NONE,
        fusible=True,
        meaning="largest global norm of the gradient; longer ones are scaled down to it",
    ),
    Hyperparameter(
        name="clip_value",
        kind="number-or-none",
        interval=_POSITIVE,
        default=NONE,
        fusible=True,
        meaning="largest size of a component of the gradient; larger ones are cut to it, "
        "before clip_norm",
    ),
    Hyperparameter(
        name="clip_agc",
        kind="number-or-none",
        interval=_POSITIVE,
        default=NONE,
        fusible=True,
        meaning="adaptive clipping: largest norm of a unit's gradient by the norm of its weights; "
        "longer ones are scaled down, before clip_value",
    ),
    Hyperparameter(
        name="momentum",
        kind="number",
        interval=_BELOW_ONE,
        default=0.0,
        conditions=_HAS_MOMENTUM,
        fusible=True,
        meaning="share of the previous update that is kept",
    ),
    Hyperparameter(
        name="momentum_kind",
        kind="name",
        choices=MOMENTUM_KINDS,
        default="heavy_ball",
        conditions=_IS_SGD,
        meaning="whether the gradient counts once more on top of the momentum (nesterov)",
    ),
    Hyperparameter(
        name="beta1",
        kind="number",
        interval=_BELOW_ONE,
        default=0.9,
        conditions=_IS_ADAM,
        fusible=True,
        meaning="share of the running mean of gradients that each step keeps",
    ),
    Hyperparameter(
        name="beta2",
        kind="number",
        interval=_BELOW_ONE,
        default=0.999,
        conditions=_IS_ADAM,
        fusible=True,
        meaning="share of the running mean of squared gradients that each step keeps",
    ),
    Hyperparameter(
        name="alpha",
        kind="number",
        interval=_BELOW_ONE,
        default=0.99,
        conditions=_IS_RMSPROP,
        fusible=True,
        meaning="share of the running mean of squared gradients that each step keeps",
    ),
    Hyperparameter(
        name="epsilon",
        kind="number",
        interval=_POSITIVE,
        default=None,
        default_text="1e-8; 1e-10 with adagrad",
        conditions=_HAS_EPSILON,
        fusible=True,
        meaning="added to the root of the squared gradients that an update is divided by",
    ),
    Hyperparameter(
        name="sequence_length",
        kind="integer",
        interval=_COUNT,
        default=32,
        unit="time steps",
        tasks=("text", "adding", "copy", "temporal_order"),
        meaning="time steps of an example; of copy, those of the pause",
    ),
    Hyperparameter(
        name="batch_size",
        kind="integer",
        interval=_COUNT,
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

CATALOGUE: Mapping[str, Hyperparameter] = MappingProxyType({each.name: each for each in _ALL})

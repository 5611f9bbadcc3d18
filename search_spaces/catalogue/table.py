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
LR_DECAYS = ("constant", "exponential", "step", "cosine")
OPTIMIZERS = ("sgd",)
DTYPES = ("float32", "float64", "bfloat16")

_POSITIVE = Interval(low=0, low_open=True)
_NOT_NEGATIVE = Interval(low=0)
_COUNT = Interval(low=1)

_MEAN_FIELD = (Condition(owner="initialization", values=("mean_field",)),)
_RATED_DECAY = (Condition(owner="lr_decay", values=("exponential", "step")),)
_HAS_MOMENTUM = (Condition(owner="optimizer", values=("sgd",)),)

_ALL = (
    Hyperparameter(
        name="depth",
        kind="integer",
        interval=_COUNT,
        default=4,
        unit="layers",
        networks=("mlp",),
        meaning="number of hidden layers",
    ),
    Hyperparameter(
        name="width",
        kind="integer",
        interval=_COUNT,
        default=64,
        unit="units",
        networks=("mlp",),
        meaning="units of each hidden layer",
    ),
    Hyperparameter(
        name="activation",
        kind="name",
        choices=ACTIVATIONS,
        default="relu",
        networks=("mlp",),
        meaning="nonlinearity after each hidden layer",
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
        meaning="step size at the start of training",
    ),
    Hyperparameter(
        name="lr_decay",
        kind="name",
        choices=LR_DECAYS,
        default="constant",
        fusible=True,
        meaning="how the learning rate falls over the steps",
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
        default_text="a third of the steps",
        unit="steps",
        conditions=_RATED_DECAY,
        fusible=True,
        meaning="steps after which lr_decay_rate has acted once",
    ),
    Hyperparameter(
        name="weight_decay",
        kind="number",
        interval=_NOT_NEGATIVE,
        default=0.0,
        fusible=True,
        meaning="coupled L2 penalty: weight_decay * parameter is added to the gradient",
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
        name="momentum",
        kind="number",
        interval=Interval(low=0, high=1, high_open=True),
        default=0.0,
        conditions=_HAS_MOMENTUM,
        fusible=True,
        meaning="share of the previous update that is kept (heavy ball)",
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

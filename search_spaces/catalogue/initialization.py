"""How weights begin."""

from __future__ import annotations

from search_spaces.catalogue.built_in import RECURRENT_NETWORKS, TRANSFORMERS
from search_spaces.catalogue.hyperparameter import Condition, Hyperparameter
from search_spaces.catalogue.intervals import NOT_NEGATIVE, POSITIVE

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
RESIDUAL_INITIALIZATIONS = ("none", "zero_last", "fixup")
RECURRENT_INITIALIZATIONS = ("same", "orthogonal", "identity")
OUTPUT_INITIALIZATIONS = ("same", "zeros")
_MEAN_FIELD = (Condition(owner="initialization", values=("mean_field",)),)

INITIALIZATION = (
    Hyperparameter(
        name="residual_initialization",
        kind="name",
        choices=RESIDUAL_INITIALIZATIONS,
        default="none",
        networks=("resnet", *TRANSFORMERS),
        fusible=True,
        meaning="initial scale of residual branches: the last weight zero, or all by Fixup",
    ),
    Hyperparameter(
        name="recurrent_initialization",
        kind="name",
        choices=RECURRENT_INITIALIZATIONS,
        default="orthogonal",
        networks=RECURRENT_NETWORKS,
        fusible=True,
        meaning="distribution of the initial weights on the hidden state; same: as all others",
    ),
    Hyperparameter(
        name="recurrent_gain",
        kind="number",
        interval=POSITIVE,
        default=1.0,
        networks=RECURRENT_NETWORKS,
        fusible=True,
        meaning="further factor on the initial weights on the hidden state",
    ),
    Hyperparameter(
        name="forget_bias",
        kind="number",
        default=1.0,
        networks=("lstm", "seq2seq"),
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
        interval=POSITIVE,
        default=1.0,
        fusible=True,
        meaning="factor on every initial weight",
    ),
    Hyperparameter(
        name="output_init_gain",
        kind="number",
        interval=POSITIVE,
        default=None,
        default_text="1",
        fusible=True,
        meaning="further factor on the initial weights of the readout, the last layer",
    ),
    Hyperparameter(
        name="output_initialization",
        kind="name",
        choices=OUTPUT_INITIALIZATIONS,
        default=None,
        default_text="same",
        fusible=True,
        meaning="initial weights and biases of the readout: as all others (same), or zeros",
    ),
    Hyperparameter(
        name="weight_std",
        kind="number",
        interval=POSITIVE,
        default=1.0,
        conditions=_MEAN_FIELD,
        fusible=True,
        meaning="sigma_w of mean-field theory: weights have std sigma_w / sqrt(fan_in)",
    ),
    Hyperparameter(
        name="bias_std",
        kind="number",
        interval=NOT_NEGATIVE,
        default=0.0,
        conditions=_MEAN_FIELD,
        fusible=True,
        meaning="sigma_b of mean-field theory: std of the initial biases",
    ),
)

"""Families of configurations whose verdict is known beforehand, for `calibration.py`.

Healthy ones are what textbooks and papers recommend, with learning rates well inside of what they
use; sick ones break one rule whose consequence theory or a published experiment names. Learning
rates and gains are drawn from a range, so that no two trials are alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["healthy", "unfinished", "sick"]

UNFINISHED = ("stable", "stalled")
"""A healthy network stopped at a quarter of its steps: trained already, or not yet."""

NO_GRADIENT = ("vanishing",)
TOO_MUCH = ("exploding", "oscillating")
"""A learning rate far too large: the loss ends above its start, or swings without settling."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Trials of one verdict.

    Attributes:
        name: Of the study.
        why: The rule that says so, with its source.
        right: Verdicts that count as right.
        steps: Enough to reach the task's target, for healthy ones.
    """

    name: str
    why: str
    right: tuple[str, ...]
    network: str
    task: str
    hyperparameters: Mapping[str, Any]
    steps: int = 200
    task_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        if self.right == ("stable",):
            return "healthy"
        return "unfinished" if self.right == UNFINISHED else "sick"


def _healthy(
    name: str,
    why: str,
    network: str,
    task: str,
    hyperparameters: Mapping[str, Any],
    steps: int = 200,
    **task_options: Any,
) -> Family:
    return Family(
        name=name,
        why=why,
        right=("stable",),
        network=network,
        task=task,
        hyperparameters=hyperparameters,
        steps=steps,
        task_options=task_options,
    )


def _sick(
    name: str,
    why: str,
    right: tuple[str, ...],
    network: str,
    task: str,
    hyperparameters: Mapping[str, Any],
    steps: int = 200,
    **task_options: Any,
) -> Family:
    return Family(
        name=name,
        why=why,
        right=right,
        network=network,
        task=task,
        hyperparameters=hyperparameters,
        steps=steps,
        task_options=task_options,
    )


def _log(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high, "log": True}


_MEMORY = {"width": 32, "sequence_length": 20, "batch_size": 32, "optimizer": "adam"}
_QUADRATIC = {"batch_size": 3, "initialization": "mean_field", "dtype": "float64"}
_EIGENVALUES = [10.0, 5.0, 2.0]

HEALTHY: tuple[Family, ...] = (
    _healthy(
        "he-relu",
        "He et al. 2015: variance 2 / fan_in keeps lengths and gradients of ReLU networks",
        "mlp",
        "digits",
        {"depth": [2, 4, 8], "initialization": "he_normal", "learning_rate": _log(0.02, 0.1)},
        300,
    ),
    _healthy(
        "he-relu-deep",
        "the same at depth 20 and 30",
        "mlp",
        "digits",
        {"depth": [20, 30], "initialization": "he_normal", "learning_rate": _log(0.005, 0.02)},
        1000,
    ),
    _healthy(
        "critical-tanh-50",
        "Schoenholz et al. 2017: at criticality networks of any depth train",
        "mlp",
        "digits",
        {
            "depth": 50,
            "activation": "tanh",
            "initialization": "mean_field",
            "weight_std": 1.327,
            "bias_std": 0.2236,
            "learning_rate": _log(0.015, 0.03),
        },
        900,
    ),
    _healthy(
        "lecun-selu",
        "Klambauer et al. 2017: self-normalizing networks",
        "mlp",
        "digits",
        {
            "depth": [8, 16],
            "activation": "selu",
            "initialization": "lecun_normal",
            "learning_rate": _log(0.01, 0.05),
        },
        300,
    ),
    _healthy(
        "adam-gelu",
        "Adam at 1e-3, its authors' default (Kingma and Ba 2015)",
        "mlp",
        "digits",
        {
            "depth": [3, 6],
            "activation": ["gelu", "silu"],
            "initialization": "he_normal",
            "optimizer": ["adam", "adamw"],
            "learning_rate": _log(5e-4, 3e-3),
        },
        300,
    ),
    _healthy(
        "shallow-sigmoid",
        "Glorot and Bengio 2010: shallow sigmoid networks train, slowly",
        "mlp",
        "digits",
        {
            "depth": 1,
            "activation": "sigmoid",
            "initialization": "xavier_normal",
            "learning_rate": _log(0.3, 1.0),
        },
        500,
    ),
    _healthy(
        "batch-norm-relu",
        "Yang et al. 2019: explodes at initialization, trains all the same",
        "mlp",
        "digits",
        {
            "depth": [10, 20, 24],
            "normalization": "batch",
            "initialization": "he_normal",
            "learning_rate": _log(0.05, 0.1),
        },
        400,
    ),
    _healthy(
        "residual-mlp",
        "He et al. 2016: the identity carries gradients past layers",
        "mlp",
        "digits",
        {
            "depth": 32,
            "connections": "residual",
            "residual_scale": 0.1,
            "initialization": "he_normal",
            "learning_rate": _log(0.01, 0.05),
        },
        300,
    ),
    _healthy(
        "small-batches",
        "noise of small batches is no oscillation",
        "mlp",
        "digits",
        {
            "depth": [2, 4],
            "batch_size": [4, 8],
            "initialization": "he_normal",
            "learning_rate": _log(0.003, 0.02),
        },
        800,
    ),
    _healthy(
        "clipped-momentum",
        "Pascanu et al. 2013: clipping at the size of usual norms",
        "mlp",
        "digits",
        {
            "depth": 6,
            "initialization": "he_normal",
            "momentum": 0.9,
            "clip_norm": [0.5, 1.0],
            "lr_decay": ["cosine", "linear"],
            "learning_rate": _log(0.01, 0.05),
        },
        300,
    ),
    _healthy(
        "regression",
        "a smooth regression; losses of the first batches differ widely",
        "mlp",
        "teacher",
        {
            "depth": [2, 3],
            "activation": ["tanh", "relu"],
            "initialization": "he_normal",
            "optimizer": "adam",
            "learning_rate": _log(1e-3, 5e-3),
            "batch_size": [16, 64],
        },
        400,
    ),
    _healthy(
        "catapult",
        "Lewkowycz et al. 2020: between 2 / lambda_0 (45 here) and about twice that the loss rises"
        " a hundredfold, then trains",
        "mlp",
        "teacher",
        {
            "depth": 1,
            "width": 256,
            "initialization": "he_normal",
            "learning_rate": _log(0.052, 0.073),
            "batch_size": 256,
        },
        300,
    ),
    _healthy(
        "quadratic",
        "gradient descent below 2 / lambda converges",
        "linear",
        "quadratic",
        {**_QUADRATIC, "learning_rate": {"low": 0.02, "high": 0.19}},
        300,
        eigenvalues=_EIGENVALUES,
    ),
    _healthy(
        "cnn",
        "He et al. 2015, convolutions",
        "cnn",
        "digits",
        {
            "depth": [3, 6],
            "width": 16,
            "initialization": "he_normal",
            "momentum": 0.9,
            "learning_rate": _log(0.005, 0.03),
        },
        300,
    ),
    _healthy(
        "delta-orthogonal-cnn",
        "Xiao et al. 2018: tanh convolutions of any depth train from delta-orthogonal weights",
        "cnn",
        "digits",
        {
            "depth": 12,
            "width": 16,
            "activation": "tanh",
            "initialization": "delta_orthogonal",
            "momentum": 0.9,
            "learning_rate": _log(0.02, 0.06),
        },
        300,
    ),
    _healthy(
        "resnet",
        "He et al. 2016 with batch normalization; Zhang et al. 2019 without (Fixup)",
        "resnet",
        "digits",
        {
            "depth": 3,
            "width": 8,
            "normalization": "batch",
            "initialization": "he_normal",
            "residual_initialization": ["none", "zero_last"],
            "momentum": 0.9,
            "learning_rate": _log(0.01, 0.05),
        },
        300,
    ),
    _healthy(
        "densenet",
        "Huang et al. 2017",
        "densenet",
        "digits",
        {
            "depth": 4,
            "growth_rate": 8,
            "normalization": "batch",
            "initialization": "he_normal",
            "momentum": 0.9,
            "learning_rate": _log(0.01, 0.05),
        },
        300,
    ),
    _healthy(
        "identity-rnn",
        "Le et al. 2015: recurrent ReLU weights that begin as the identity",
        "rnn",
        "temporal_order",
        {
            **_MEMORY,
            "activation": "relu",
            "recurrent_initialization": "identity",
            "initialization": "xavier_normal",
            "clip_norm": 1.0,
            "learning_rate": _log(1e-3, 4e-3),
        },
        300,
    ),
    _healthy(
        "orthogonal-rnn",
        "Pascanu et al. 2013 with orthogonal recurrent weights and clipping",
        "rnn",
        "temporal_order",
        {
            **_MEMORY,
            "sequence_length": 10,
            "activation": "tanh",
            "recurrent_initialization": "orthogonal",
            "initialization": "xavier_normal",
            "clip_norm": 1.0,
            "learning_rate": _log(1e-3, 4e-3),
        },
        300,
    ),
    _healthy(
        "lstm-adding",
        "Hochreiter and Schmidhuber 1997, with a forget bias of 1 (Jozefowicz et al. 2015)",
        "lstm",
        "adding",
        {
            "width": 32,
            "sequence_length": 16,
            "batch_size": 32,
            "optimizer": "adam",
            "forget_bias": 1.0,
            "initialization": "xavier_normal",
            "clip_norm": [1.0, "none"],
            "learning_rate": _log(5e-3, 2e-2),
        },
        500,
    ),
    _healthy(
        "gru",
        "Cho et al. 2014",
        "gru",
        "temporal_order",
        {**_MEMORY, "initialization": "xavier_normal", "learning_rate": _log(3e-3, 1e-2)},
        300,
    ),
    _healthy(
        "pre-norm-transformer",
        "Xiong et al. 2020: normalization before the branches needs no warm-up",
        "transformer",
        "temporal_order",
        {
            **_MEMORY,
            "depth": 2,
            "heads": 4,
            "norm_position": "pre",
            "activation": "gelu",
            "initialization": "xavier_normal",
            "learning_rate": _log(1e-3, 4e-3),
        },
        200,
    ),
    _healthy(
        "text-gru",
        "next characters of text: a loss at every time step",
        "gru",
        "text",
        {
            "width": 64,
            "sequence_length": 16,
            "batch_size": 32,
            "optimizer": "adam",
            "initialization": "xavier_normal",
            "clip_norm": 1.0,
            "learning_rate": _log(5e-3, 2e-2),
        },
        300,
    ),
)

_TOO_LARGE = "a hundred times the learning rate that trains"

SICK: tuple[Family, ...] = (
    _sick(
        "deep-sigmoid",
        "Glorot and Bengio 2010: |phi'| <= 1/4, gradients shrink at every layer",
        NO_GRADIENT,
        "mlp",
        "digits",
        {
            "depth": [10, 20, 30],
            "activation": "sigmoid",
            "initialization": ["xavier_normal", "he_normal", "orthogonal"],
            "learning_rate": _log(0.01, 1.0),
        },
    ),
    _sick(
        "xavier-relu-60",
        "He et al. 2015: half of the variance is lost at every layer",
        NO_GRADIENT,
        "mlp",
        "digits",
        {
            "depth": 60,
            "initialization": ["xavier_normal", "xavier_uniform"],
            "learning_rate": _log(0.01, 0.3),
        },
    ),
    _sick(
        "sigmoid-7",
        "the same, shallower: R about 1e-4",
        NO_GRADIENT,
        "mlp",
        "digits",
        {
            "depth": [7, 8],
            "activation": "sigmoid",
            "initialization": ["xavier_normal", "orthogonal"],
            "learning_rate": _log(0.01, 1.0),
        },
    ),
    _sick(
        "xavier-relu-30",
        "He et al. 2015, figure 3: 30 layers stall with Xavier's variance",
        NO_GRADIENT,
        "mlp",
        "digits",
        {"depth": 30, "initialization": "xavier_normal", "learning_rate": _log(0.01, 0.1)},
    ),
    _sick(
        "torch-default-relu",
        "torch's Linear: weight variance 1/3, a sixth of the variance is left at every layer",
        NO_GRADIENT,
        "mlp",
        "digits",
        {"depth": [20, 40], "initialization": "torch_default", "learning_rate": _log(0.01, 0.3)},
    ),
    _sick(
        "small-tanh",
        "Schoenholz et al. 2017: in the ordered phase, beyond six depth scales",
        NO_GRADIENT,
        "mlp",
        "digits",
        {
            "depth": [30, 50],
            "activation": "tanh",
            "initialization": "mean_field",
            "weight_std": {"low": 0.3, "high": 0.7},
            "bias_std": 0.0,
            "learning_rate": _log(0.01, 0.3),
        },
    ),
    _sick(
        "small-normal",
        "weights of standard deviation 0.01",
        NO_GRADIENT,
        "mlp",
        "digits",
        {
            "depth": [8, 16],
            "activation": ["tanh", "relu", "gelu"],
            "initialization": "small_normal",
            "learning_rate": _log(0.01, 0.3),
        },
    ),
    _sick(
        "xavier-cnn",
        "the same for convolutions",
        NO_GRADIENT,
        "cnn",
        "digits",
        {
            "depth": 24,
            "width": 16,
            "initialization": "xavier_normal",
            "init_gain": {"low": 0.5, "high": 0.8},
            "learning_rate": _log(0.01, 0.1),
        },
        100,
    ),
    _sick(
        "forgetful-rnn",
        "Bengio et al. 1994: recurrent weights below 1, nothing reaches the first time step",
        NO_GRADIENT,
        "rnn",
        "temporal_order",
        {
            "width": 32,
            "sequence_length": 40,
            "batch_size": 32,
            "activation": "tanh",
            "recurrent_gain": {"low": 0.2, "high": 0.6},
            "initialization": "xavier_normal",
            "learning_rate": _log(0.01, 0.1),
        },
    ),
    _sick(
        "gain-rnn",
        "Pascanu et al. 2013: large recurrent weights without clipping",
        TOO_MUCH,
        "rnn",
        "adding",
        {
            "width": 32,
            "sequence_length": 40,
            "batch_size": 32,
            "activation": "relu",
            "recurrent_gain": {"low": 2.2, "high": 4.0},
            "initialization": "xavier_normal",
            "learning_rate": _log(0.01, 0.1),
        },
    ),
    _sick(
        "gain-tanh-rnn",
        "the same with tanh: chaos instead of overflow",
        TOO_MUCH,
        "rnn",
        "temporal_order",
        {
            "width": 32,
            "sequence_length": 40,
            "batch_size": 32,
            "activation": "tanh",
            "recurrent_gain": {"low": 2.5, "high": 5.0},
            "initialization": "xavier_normal",
            "learning_rate": _log(0.03, 0.3),
        },
    ),
    _sick(
        "chaotic-tanh",
        "Poole et al. 2016: the chaotic phase, gradients grow at every layer",
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [30, 50],
            "activation": "tanh",
            "initialization": "mean_field",
            "weight_std": {"low": 2.5, "high": 4.0},
            "bias_std": 0.05,
            "learning_rate": _log(0.01, 0.3),
        },
    ),
    _sick(
        "gain-relu",
        "chi = weight variance / 2 > 1, without an upper bound of the activation",
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [20, 30],
            "initialization": "he_normal",
            "init_gain": {"low": 1.5, "high": 2.5},
            "learning_rate": _log(0.01, 0.1),
        },
    ),
    _sick(
        "he-relu-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "mlp",
        "digits",
        {"depth": [2, 4, 8], "initialization": "he_normal", "learning_rate": _log(5.0, 20.0)},
    ),
    _sick(
        "adam-gelu-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [3, 6],
            "activation": ["gelu", "silu"],
            "initialization": "he_normal",
            "optimizer": "adam",
            "learning_rate": _log(0.3, 3.0),
        },
    ),
    _sick(
        "momentum-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [4, 8],
            "initialization": "he_normal",
            "momentum": 0.9,
            "learning_rate": _log(1.0, 5.0),
        },
    ),
    _sick(
        "rmsprop-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [3, 6],
            "activation": ["tanh", "relu"],
            "initialization": "he_normal",
            "optimizer": "rmsprop",
            "learning_rate": _log(0.1, 1.0),
        },
    ),
    _sick(
        "regression-x100",
        f"{_TOO_LARGE}, with squared errors",
        TOO_MUCH,
        "mlp",
        "teacher",
        {
            "depth": [2, 3],
            "activation": ["tanh", "relu"],
            "initialization": "he_normal",
            "learning_rate": _log(2.0, 10.0),
            "batch_size": [16, 64],
        },
    ),
    _sick(
        "critical-tanh-x50",
        "fifty times the learning rate that trains 50 layers",
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": 50,
            "activation": "tanh",
            "initialization": "mean_field",
            "weight_std": 1.327,
            "bias_std": 0.2236,
            "learning_rate": _log(0.5, 2.0),
        },
    ),
    _sick(
        "selu-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [8, 16],
            "activation": "selu",
            "initialization": "lecun_normal",
            "learning_rate": _log(2.0, 10.0),
        },
    ),
    _sick(
        "clipped-x100",
        f"{_TOO_LARGE}; clipping bounds the divergence",
        TOO_MUCH,
        "mlp",
        "digits",
        {
            "depth": [4, 8],
            "initialization": "he_normal",
            "clip_norm": [0.5, 1.0, 5.0],
            "learning_rate": _log(5.0, 20.0),
        },
    ),
    _sick(
        "quadratic-beyond",
        "gradient descent beyond 2 / lambda diverges",
        ("exploding",),
        "linear",
        "quadratic",
        {**_QUADRATIC, "learning_rate": {"low": 0.21, "high": 0.4}},
        300,
        eigenvalues=_EIGENVALUES,
    ),
    _sick(
        "cnn-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "cnn",
        "digits",
        {
            "depth": [3, 6],
            "width": 16,
            "initialization": "he_normal",
            "momentum": 0.9,
            "learning_rate": _log(1.0, 5.0),
        },
        100,
    ),
    _sick(
        "resnet-x100",
        f"{_TOO_LARGE}, without normalization",
        TOO_MUCH,
        "resnet",
        "digits",
        {
            "depth": 3,
            "width": 8,
            "normalization": "none",
            "initialization": "he_normal",
            "momentum": 0.9,
            "learning_rate": _log(0.5, 5.0),
        },
        100,
    ),
    _sick(
        "lstm-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "lstm",
        "adding",
        {
            "width": 32,
            "sequence_length": 16,
            "batch_size": 32,
            "optimizer": "adam",
            "initialization": "xavier_normal",
            "learning_rate": _log(0.5, 2.0),
        },
        150,
    ),
    _sick(
        "gru-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "gru",
        "temporal_order",
        {**_MEMORY, "initialization": "xavier_normal", "learning_rate": _log(0.5, 2.0)},
        150,
    ),
    _sick(
        "transformer-x100",
        _TOO_LARGE,
        TOO_MUCH,
        "transformer",
        "temporal_order",
        {
            **_MEMORY,
            "depth": 2,
            "heads": 4,
            "norm_position": "pre",
            "activation": "gelu",
            "initialization": "xavier_normal",
            "learning_rate": _log(0.1, 0.4),
        },
        100,
    ),
    _sick(
        "tiny-steps",
        "gradients are healthy, steps too small to get anywhere",
        ("stalled",),
        "mlp",
        "digits",
        {
            "depth": [2, 4, 8],
            "activation": ["relu", "tanh"],
            "initialization": ["he_normal", "orthogonal"],
            "learning_rate": _log(1e-7, 1e-5),
        },
    ),
)

STOPPED: tuple[Family, ...] = tuple(
    replace(one, name=f"{one.name}-stopped", right=UNFINISHED, steps=one.steps // 4)
    for one in HEALTHY
)
"""No verdict but `stalled` may be heard of a healthy network that was stopped early."""

FAMILIES: Mapping[str, Family] = {one.name: one for one in (*HEALTHY, *STOPPED, *SICK)}

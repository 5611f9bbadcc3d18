"""How parameters are updated."""

from __future__ import annotations

from search_spaces.catalogue.hyperparameter import NONE, Condition, Hyperparameter, Interval
from search_spaces.catalogue.intervals import BELOW_ONE, COUNT, NOT_NEGATIVE, POSITIVE

LR_DECAYS = (
    "constant",
    "exponential",
    "step",
    "cosine",
    "linear",
    "inverse_sqrt",
    "warmup_stable_decay",
    "one_cycle",
)
OPTIMIZERS = (
    "sgd",
    "rmsprop",
    "adagrad",
    "adam",
    "adamw",
    "adafactor",
    "lion",
    "muon",
    "schedule_free_sgd",
    "schedule_free_adamw",
)
MOMENTUM_KINDS = ("heavy_ball", "nesterov")
_RATED_DECAY = (Condition(owner="lr_decay", values=("exponential", "step")),)
_COOLED_DECAY = (Condition(owner="lr_decay", values=("warmup_stable_decay",)),)
_IS_SGD = (Condition(owner="optimizer", values=("sgd",)),)
_IS_RMSPROP = (Condition(owner="optimizer", values=("rmsprop",)),)
_DIVIDES_AS_ADAM = ("adam", "adamw", "muon", "schedule_free_adamw")
_HAS_BETAS = (Condition(owner="optimizer", values=(*_DIVIDES_AS_ADAM, "lion")),)
_HAS_MOMENTUM = (
    Condition(owner="optimizer", values=("sgd", "rmsprop", "muon", "schedule_free_sgd")),
)
_HAS_EPSILON = (Condition(owner="optimizer", values=("rmsprop", "adagrad", *_DIVIDES_AS_ADAM)),)

_DEFAULTS: dict[str, tuple[float, dict[str, float]]] = {
    "weight_decay": (0.0, {"adamw": 0.01, "muon": 0.1}),
    "momentum": (0.0, {"muon": 0.95, "schedule_free_sgd": 0.9}),
    "beta2": (0.999, {"lion": 0.99}),
    "epsilon": (1e-8, {"adagrad": 1e-10}),
}
"""Hyperparameters whose default is the optimizer's: that of most, and those of others."""


def optimizer_default(hyperparameter: str, optimizer: str) -> float | None:
    """Returns the value in force where a study file names none; None where it is no such one.

    Args:
        hyperparameter: A name of the catalogue.
        optimizer: One of OPTIMIZERS.
    """
    if hyperparameter not in _DEFAULTS:
        return None
    usual, others = _DEFAULTS[hyperparameter]
    return others.get(optimizer, usual)


def _default_text(hyperparameter: str) -> str:
    usual, others = _DEFAULTS[hyperparameter]
    return "; ".join([f"{usual:g}", *(f"{value:g} with {name}" for name, value in others.items())])


OPTIMIZATION = (
    Hyperparameter(
        name="optimizer",
        kind="name",
        choices=OPTIMIZERS,
        own=True,
        default="sgd",
        meaning="update rule",
    ),
    Hyperparameter(
        name="learning_rate",
        kind="number",
        interval=POSITIVE,
        default=0.01,
        fusible=True,
        meaning="step size at the start of training, or at the end of the warm-up; the largest of "
        "one_cycle",
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
        interval=COUNT,
        default=None,
        default_text="a third of the steps that follow the warm-up",
        unit="steps",
        conditions=_RATED_DECAY,
        fusible=True,
        meaning="steps after which lr_decay_rate has acted once",
    ),
    Hyperparameter(
        name="cooldown_steps",
        kind="integer",
        interval=COUNT,
        default=None,
        default_text="a fifth of the steps that follow the warm-up",
        unit="steps",
        conditions=_COOLED_DECAY,
        fusible=True,
        meaning="last steps, in which the learning rate falls to 0 by 1 - sqrt",
    ),
    Hyperparameter(
        name="warmup_steps",
        kind="integer",
        interval=NOT_NEGATIVE,
        default=0,
        unit="steps",
        fusible=True,
        meaning="steps in which the learning rate rises linearly, from its warmup_steps-th part",
    ),
    Hyperparameter(
        name="weight_decay",
        kind="number",
        interval=NOT_NEGATIVE,
        default=None,
        default_text=_default_text("weight_decay"),
        fusible=True,
        meaning="L2 penalty: weight_decay * parameter is added to the gradient, or with adamw, "
        "adafactor, lion, muon and schedule_free_adamw learning rate * weight_decay * parameter "
        "taken off the parameter",
    ),
    Hyperparameter(
        name="clip_norm",
        kind="number-or-none",
        interval=POSITIVE,
        default=NONE,
        fusible=True,
        meaning="largest global norm of the gradient; longer ones are scaled down to it",
    ),
    Hyperparameter(
        name="clip_value",
        kind="number-or-none",
        interval=POSITIVE,
        default=NONE,
        fusible=True,
        meaning="largest size of a component of the gradient; larger ones are cut to it, "
        "before clip_norm",
    ),
    Hyperparameter(
        name="clip_agc",
        kind="number-or-none",
        interval=POSITIVE,
        default=NONE,
        fusible=True,
        meaning="adaptive clipping: largest norm of a unit's gradient by the norm of its weights; "
        "longer ones are scaled down, before clip_value",
    ),
    Hyperparameter(
        name="momentum",
        kind="number",
        interval=BELOW_ONE,
        default=None,
        default_text=_default_text("momentum"),
        conditions=_HAS_MOMENTUM,
        fusible=True,
        meaning="share of the previous update that is kept; with schedule_free_sgd that of the "
        "average in the point where gradients are taken",
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
        interval=BELOW_ONE,
        default=0.9,
        conditions=_HAS_BETAS,
        fusible=True,
        meaning="share of the running mean of gradients that each step keeps",
    ),
    Hyperparameter(
        name="beta2",
        kind="number",
        interval=BELOW_ONE,
        default=None,
        default_text=_default_text("beta2"),
        conditions=_HAS_BETAS,
        fusible=True,
        meaning="share of the running mean of squared gradients that each step keeps",
    ),
    Hyperparameter(
        name="alpha",
        kind="number",
        interval=BELOW_ONE,
        default=0.99,
        conditions=_IS_RMSPROP,
        fusible=True,
        meaning="share of the running mean of squared gradients that each step keeps",
    ),
    Hyperparameter(
        name="epsilon",
        kind="number",
        interval=POSITIVE,
        default=None,
        default_text=_default_text("epsilon"),
        conditions=_HAS_EPSILON,
        fusible=True,
        meaning="added to the root of the squared gradients that an update is divided by",
    ),
)

"""What theory expects of a trial's network before it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from search_spaces.catalogue import Value
from search_spaces.theory.expectation import Expectation, Inputs, with_defaults
from search_spaces.theory.networks.feed_forward import cnn, mlp
from search_spaces.theory.networks.recurrent import rnn
from search_spaces.theory.networks.residual_blocks import resnet

Theory = Callable[[Mapping[str, Value], Inputs], Expectation | None]

THEORIES: Mapping[str, Theory] = MappingProxyType(
    {"mlp": mlp, "cnn": cnn, "resnet": resnet, "rnn": rnn}
)
"""Theories by network; of others theory says nothing here."""

_REPELLING = ("elu", "gelu", "mish", "silu", "softplus")
"""Activations whose length map can have a fixed point that lengths run away from: below it
gradients vanish and above it they do not."""

_EXAMPLES_DIFFER = 1.2
"""Factor by which lengths of examples differ, and those of one example in networks of a few
hundred units by chance."""

_LARGEST_SPREAD = 4.0
"""R at a length greater by that factor over R at one smaller by it; beyond it no single number
says what networks do."""

HEEDED = (
    "depth",
    "width",
    "activation",
    "normalization",
    "connections",
    "residual_scale",
    "residual_initialization",
    "recurrent_initialization",
    "recurrent_gain",
    "initialization",
    "init_gain",
    "output_initialization",
    "weight_std",
    "bias_std",
    "batch_size",
    "parametrization",
)
"""Hyperparameters that a theory may ask for; trials that agree in them are expected alike."""


def predict(
    network: str, hyperparameters: Mapping[str, Value], inputs: Inputs
) -> Expectation | None:
    """Predicts a network as it is initialized; the same question is answered once.

    Args:
        network: Name of a built-in network; of others theory says nothing.
        hyperparameters: Hyperparameters of the trial; absent ones have the catalogue's defaults.
        inputs: Shape and size of the task's inputs.

    Returns:
        None where theory is silent, or does not agree with real networks (docs/theory.md).

    Raises:
        InputError: If the activation is unknown.
    """
    if network not in THEORIES:
        return None
    complete = with_defaults(network, hyperparameters)
    heeded = tuple((name, complete[name]) for name in HEEDED if name in complete)
    return _predicted(network, heeded, inputs)


@lru_cache(maxsize=4096)
def _predicted(
    network: str, hyperparameters: tuple[tuple[str, Value], ...], inputs: Inputs
) -> Expectation | None:
    values = dict(hyperparameters)
    # No gradient passes a readout of zeros; a gain of its own changes all gradients alike.
    if values.get("output_initialization") == "zeros":
        return None
    # What mup changes of a new network changes all gradients alike; depth_mup's branches do not.
    if values.get("parametrization") == "depth_mup":
        return None
    theory = THEORIES[network]
    expected = theory(values, inputs)
    return None if expected and _runs_away(theory, values, inputs) else expected


def _runs_away(theory: Theory, values: Mapping[str, Value], inputs: Inputs) -> bool:
    """Whether R is another for each example, as lengths leave a fixed point to either side."""
    if values["activation"] not in _REPELLING or values["normalization"] != "none":
        return False
    longer, shorter = (
        theory(values, replace(inputs, mean_square=inputs.mean_square * factor))
        for factor in (_EXAMPLES_DIFFER, 1 / _EXAMPLES_DIFFER)
    )
    return bool(longer and shorter and longer.ratio > _LARGEST_SPREAD * shorter.ratio)

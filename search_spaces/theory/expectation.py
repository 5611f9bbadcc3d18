"""What theory is asked and what it answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search_spaces.catalogue import CATALOGUE, Value
from search_spaces.theory.activations import Array, activation_named
from search_spaces.theory.moments import SMALLEST_LENGTH

_LARGEST_LOG = 700.0
"""exp of it is finite."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """A task's inputs, as theory knows them.

    Attributes:
        shape: Of one example: (features,), (time steps, features) or (channels, height, width);
            of tokens (time steps,).
        mean_square: Mean square of all numbers of all examples, > 0.
        variance: Variance of one number over the examples, averaged over all numbers; None if not
            known, which stands for numbers of mean 0.
        tokens: Whether they are token numbers, which a network embeds.
        answer_at_end: Whether the network answers once for an example, not at each time step.
    """

    shape: tuple[int, ...]
    mean_square: float = 1.0
    variance: float | None = None
    tokens: bool = False
    answer_at_end: bool = True

    @property
    def features(self) -> int:
        """Number of numbers in one example."""
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A network at initialization, of infinite width.

    Attributes:
        ratio: R = rms(delta) of the first over the last hidden layer or, in a recurrent network,
            of the first over the last time step; at most 1e304.
        factors: rms(delta_l) / rms(delta_{l+1}) of each hidden layer but the last, from the input
            on; in a recurrent network of each time step of its first layer.
        lengths: q, the mean square of the pre-activations, of each hidden layer; in a recurrent
            network of each time step of its first layer.
        saturated_share: Share of activations with a derivative below 1 % of its maximum in the
            worst hidden layer; None where the layers table does not measure it.
        log_std: Standard deviation of ln R between networks of this width; None where unknown.
    """

    ratio: float
    factors: tuple[float, ...]
    lengths: tuple[float, ...]
    saturated_share: float | None
    log_std: float | None = None


def with_defaults(network: str, hyperparameters: Mapping[str, Value]) -> dict[str, Value]:
    """Completes hyperparameters with the catalogue's defaults of this network."""
    defaults = {
        name: value
        for name, each in CATALOGUE.items()
        if each.belongs_to(network=network, task="")
        and (value := each.default_for(network)) is not None
    }
    return {**defaults, **hyperparameters}


def ratio_of(log_squares: Sequence[float]) -> float:
    """Computes R from ln of the mean squared delta, first to last."""
    return math.exp(min((log_squares[0] - log_squares[-1]) / 2, _LARGEST_LOG))


def factors_of(log_squares: Sequence[float]) -> tuple[float, ...]:
    """Computes rms(delta_l) / rms(delta_{l+1}) from the same."""
    steps = -np.diff(np.asarray(log_squares)) / 2
    return tuple(np.exp(np.minimum(steps, _LARGEST_LOG)).tolist())


def worst_share(activation: str, lengths: Sequence[Array]) -> float | None:
    """Returns the largest saturated share of a layer, of normal pre-activations.

    Args:
        activation: Name of the activation.
        lengths: q of each layer, at each of its pixels.

    Returns:
        P(h < low) + P(h > high) of h ~ N(0, q), averaged over the layer's pixels; None where the
        layers table does not measure saturation.

    Raises:
        InputError: If the activation is unknown.
    """
    flat = activation_named(activation).flat
    if flat is None:
        return None
    low, high = flat
    stds = [np.sqrt(np.maximum(q, SMALLEST_LENGTH)) for q in lengths]
    from scipy.special import ndtr

    return max(float(np.mean(ndtr(low / std) + ndtr(-high / std))) for std in stds)

"""One layer of mean-field theory: a linear map or convolution, a normalization, an activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from search_spaces.catalogue import Value
from search_spaces.theory.activations import Array
from search_spaces.theory.initial_variances import Fans, InitialVariances, initial_variances
from search_spaces.theory.moments import SMALLEST_LENGTH, Moments
from search_spaces.theory.windows import Sides, Window

EPSILON = 1e-5
"""What torch's normalizations add to a variance."""

LARGEST_LENGTH = 1e250
"""It and SMALLEST_LENGTH stand for all beyond; real networks leave the range of their numbers long
before."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """Values at each pixel, over units and examples; maps (height, width).

    Attributes:
        square: p, the mean square.
        mean: m, the mean over units; over examples it is the same, since all begin alike.
    """

    square: Array
    mean: Array


@dataclass(frozen=True, kw_only=True)
class LinearMap:
    """Weights of a layer, and where they are applied.

    With a = fan_in times the variance of a weight, one tap at a time:

        forward     E[z^2] = a sum over taps of E[x^2] (+ b, which the caller adds)
        backward    E[(dL/dx)^2] = Var(w) fan_out sum over taps of E[delta^2], the transpose

    Attributes:
        fans: Shape of the weight.
        variances: How weights and biases begin.
        window: Which pixels the taps join.
    """

    fans: Fans
    variances: InitialVariances
    window: Window

    def forward(self, square: Array) -> Array:
        """Returns the mean squares of its outputs without the bias."""
        if self.variances.weight == 0:
            return np.zeros(self.window.sides_after)
        gathered = self.variances.weight * self.fans.inputs * self.window.gathered(square)
        return np.clip(gathered, SMALLEST_LENGTH, LARGEST_LENGTH)

    def backward(self, delta: Array) -> Array:
        """Returns the mean squared gradient by its inputs, from that by its outputs."""
        return self.variances.weight * self.fans.outputs * self.window.scattered(delta)


@dataclass(frozen=True, kw_only=True)
class Activated:
    """What comes before an activation: a pre-activation, normalized or not.

    Attributes:
        length: q, mean square of the pre-activation at each pixel.
        input: Mean square of the activation's input: q, or 1 where it is normalized.
        gain: Squared factor of the normalization on gradients; 1 without one.
    """

    length: Array
    input: Array
    gain: float = 1.0

    def signal(self, phi: Moments) -> Signal:
        """Returns what the activation makes of it."""
        return Signal(square=phi.square(self.input), mean=phi.mean(self.input))

    def slope(self, phi: Moments) -> Array:
        """Returns the mean squared derivative of activation and normalization."""
        return phi.slope(self.input) * self.gain


def linear_map(
    hyperparameters: Mapping[str, Value],
    fans: Fans,
    *,
    sides: Sides = (1, 1),
    stride: int = 1,
    factor: float = 1.0,
) -> LinearMap | None:
    """Makes a layer under a trial's initialization, if known, its weights times a factor."""
    variances = initial_variances(hyperparameters, fans)
    if variances is None:
        return None
    variances = replace(variances, weight=variances.weight * factor**2)
    size = round(fans.taps**0.5)
    window = Window(sides=sides, size=size, stride=stride, centred=variances.centred)
    return LinearMap(fans=fans, variances=variances, window=window)


def activated(layer: LinearMap, signal: Signal, normalization: str, batch: int) -> Activated:
    """Computes what stands before a layer's activation, normalized or not.

    Normalizations are those of wide layers: over units an example's values have mean 0 and mean
    square q; over a batch a unit's values have the variance of what the layer sees. For batch
    normalization the factor (B - 2) / (B - 3), exact for linear networks, is what the finite
    batch adds.

    Args:
        layer: The layer.
        signal: The layer's inputs.
        normalization: none, layer or batch.
        batch: B, examples of a batch times pixels; above 3 for batch normalization.

    References:
        Yang et al., A Mean Field Theory of Batch Normalization, ICLR 2019.
    """
    if normalization == "batch":
        return _over_batch(layer, signal, batch)
    length = layer.forward(signal.square) + layer.variances.bias
    if normalization == "none":
        return Activated(length=length, input=length)
    gain = 1 / (float(length.mean()) + EPSILON)
    return Activated(length=length, input=length * gain, gain=gain)


def deviation(layer: LinearMap, signal: Signal) -> Array:
    """Returns the mean square of its outputs about each unit's mean over batch and pixels.

    Each tap contributes its own variance: at the border zeros are a part of it.
    """
    total = np.zeros(layer.window.sides_after)
    pairs = zip(layer.window.taps(signal.square), layer.window.taps(signal.mean), strict=True)
    for square, mean in pairs:
        # E[(x - centre)^2] = p - 2 centre m + centre^2, the centre being this tap's mean.
        centre = float(mean.mean())
        total = total + square - 2 * centre * mean + centre**2
    return np.asarray(total * (layer.variances.weight * layer.fans.inputs))


def _over_batch(layer: LinearMap, signal: Signal, batch: int) -> Activated:
    # phi sees (z - E[z]) / sqrt(v): its square is about_mean / v, and the backward pass is divided
    # by v as well.
    about_mean = deviation(layer, signal)
    gain = 1 / (float(about_mean.mean()) + EPSILON)
    return Activated(
        length=layer.forward(signal.square),
        input=about_mean * gain,
        gain=gain * (batch - 2) / (batch - 3),
    )

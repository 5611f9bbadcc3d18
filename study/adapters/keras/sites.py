"""Where a Keras model's pre-activations and activations are, and showing them to hooks.

Keras layers apply their activation inside. Where that is the last thing a layer does, the
pre-activation is what its activation is called with. Otherwise (recurrent layers, normalizations,
layers of a person's own) the layer's output counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from study.adapters.keras.library import keras_library

_FUNCTIONS = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "leaky_relu": "leaky_relu",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "softsign": "softsign",
    "softplus": "softplus",
    "mish": "mish",
    "hard_tanh": "hardtanh",
}
"""Names in keras.activations -> in ACTIVATIONS."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What hooks are shown of one Keras layer.

    Attributes:
        layer: Keras'.
        child: Name of the stand-in of its weights, if it has any.
        activation: Name of the stand-in of its activation, if that is a known one.
        activation_name: The activation's among ACTIVATIONS.
        inside: Whether its last act is `layer.activation`, whose argument is the pre-activation.
        channels: Axis of the units; hooks see it last.
    """

    layer: Any
    child: str | None
    activation: str | None
    activation_name: str | None
    inside: bool
    channels: int


class Watch:
    """Notes what a pass calls, and which layers end with their activation.

    Attributes:
        order: The layers, in the order in which their first call ended.
    """

    def __init__(self) -> None:
        self.order: list[Any] = []
        self._calls: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._activated: dict[int, list[Any]] = {}

    def ends_with_activation(self, layer: Any) -> bool:
        """Returns whether every call returned what its only call of `layer.activation` gave."""
        return self._calls.get(id(layer)) == self._ends.get(id(layer))

    @contextmanager
    def watching(self, layers: Sequence[Any]) -> Iterator[None]:
        """Passes in the block are noted."""
        handles = [layer.register_forward_hook(self._note) for layer in layers]
        try:
            with activations_replaced(
                {id(layer): (layer, self._noting(layer)) for layer in layers}
            ):
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _noting(self, layer: Any) -> Callable[[Any], Any]:
        original = getattr(layer, "activation", None)

        def activate(value: Any) -> Any:
            # An activation that gives its argument back gets a copy, to be distinguished from it.
            result = original(value)  # type: ignore[misc]
            result = result.clone() if result is value else result
            self._activated.setdefault(id(layer), []).append(result)
            return result

        return activate

    def _note(self, layer: Any, inputs: Any, output: Any) -> None:
        if id(layer) not in self._calls:
            self.order.append(layer)
        first = output[0] if isinstance(output, (tuple, list)) and output else output
        activated = self._activated.pop(id(layer), [])
        self._calls[id(layer)] = self._calls.get(id(layer), 0) + 1
        if len(activated) == 1 and first is activated[0]:
            self._ends[id(layer)] = self._ends.get(id(layer), 0) + 1


@contextmanager
def activations_replaced(
    replacements: Mapping[int, tuple[Any, Callable[[Any], Any]]],
) -> Iterator[None]:
    """Gives layers another `activation`, where they have one, within the block."""
    # Past Keras' and torch's own __setattr__, which would register what they are given.
    kept: list[tuple[dict[str, Any], bool, Any]] = []
    try:
        for layer, replacement in replacements.values():
            if callable(getattr(layer, "activation", None)):
                attributes = vars(layer)
                kept.append((attributes, "activation" in attributes, attributes.get("activation")))
                attributes["activation"] = replacement
        yield
    finally:
        for attributes, had, original in kept:
            if had:
                attributes["activation"] = original
            else:
                del attributes["activation"]


@contextmanager
def shown(sites: Sequence[Site], network: nn.Module) -> Iterator[None]:
    """Passes of the model in the block call the stand-ins of this network."""
    modules = dict(network.named_modules())
    inside = {
        id(site.layer): (site.layer, _activate(site, modules)) for site in sites if site.inside
    }
    handles = [
        site.layer.register_forward_hook(_after(site, modules))
        for site in sites
        if not site.inside
    ]
    try:
        with activations_replaced(inside):
            yield
    finally:
        for handle in handles:
            handle.remove()


def activation_of(layer: Any, *, inside: bool) -> str | None:
    """Returns our name of the activation that a layer applies last, None if it is not known.

    Args:
        layer: Keras'.
        inside: Whether it ends with its `activation`.
    """
    keras = keras_library()
    if inside:
        for theirs, ours in _FUNCTIONS.items():
            if layer.activation is getattr(keras.activations, theirs, None):
                return ours
        return None
    if type(layer) is keras.layers.ReLU:
        plain = not layer.max_value and not layer.negative_slope and not layer.threshold
        return "relu" if plain else None
    if type(layer) is keras.layers.LeakyReLU:
        return "leaky_relu"
    return "elu" if type(layer) is keras.layers.ELU and layer.alpha == 1 else None


def _activate(site: Site, modules: Mapping[str, nn.Module]) -> Callable[[Tensor], Tensor]:
    original = site.layer.activation

    def activate(value: Tensor) -> Tensor:
        if site.child is not None:
            value = _through(modules[site.child], value, site.channels)
        value = original(value)
        if site.activation is not None:
            value = _through(modules[site.activation], value, site.channels)
        return value

    return activate


def _after(site: Site, modules: Mapping[str, nn.Module]) -> Callable[[Any, Any, Any], Any]:
    names = [name for name in (site.child, site.activation) if name is not None]

    def show(layer: Any, inputs: Any, output: Any) -> Any:
        for name in names:
            output = _through(modules[name], output, site.channels)
        return output

    return show


def _through(stand_in: nn.Module, output: Any, channels: int) -> Any:
    if channels == -1 or not isinstance(output, Tensor):
        return stand_in(output)
    return stand_in(output.movedim(channels, -1)).movedim(-1, channels)

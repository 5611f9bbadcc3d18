"""What passes a module forwards and backwards, seen by hooks that change nothing.

Hooks on layers exist in steps that are looked at. Between them a single one, before the module's
own call, keeps what it was given, in case the step turns out to be the first that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from study.engine.layers import Layer, first_tensor
from study.watching.harmless import harmless
from study.watching.observing.discovery import Order, Part, parts_of, time_steps, unseen_layers
from study.watching.observing.measures import of_activation, of_size
from study.watching.observing.passes import Given, Pass, bare, in_backward

Outputs = Callable[[Tensor, Tensor], None]
"""Takes what the last layer put out in one call, and the gradient of the loss by it."""


class Signals:
    """Watches one module.

    Args:
        module: As its owner calls it.
        outputs: Told of what the last layer puts out, in steps that are looked at but the first.

    Attributes:
        visible: Whether hooks inside the module are heard: they are not in a compiled one.
        layers: In the order of the forward pass; empty until the first pass was seen.
        given: The last call by its owner.
        inputs: The first call by its owner in the last step that was looked at: what the network
            is given, where the owner calls its parts one after another.
        called: The module as its owner calls it.
    """

    def __init__(self, module: nn.Module, outputs: Outputs) -> None:
        self.module, self.visible = bare(module)
        self.layers: tuple[Layer, ...] = () if self.visible else unseen_layers(self.module)
        self.given: Given | None = None
        self.inputs: Given | None = None
        self.called = module
        self._outputs = outputs
        self._parts = parts_of(self.module)
        self._order = Order()
        self._depth = 0
        self._counted = False
        self._first = False
        self._passes: list[Pass] = []
        self._handles: list[RemovableHandle] = []
        self._roots: dict[nn.Module, RemovableHandle] = {}
        self._looking = False
        self._begins: Callable[[], None] | None = None

    def look(self, begins: Callable[[], None]) -> None:
        """Looks at the passes from here on.

        Args:
            begins: Called within each backward pass, at its first gradients.
        """
        self._looking = True
        self._begins = begins
        self._first = False
        self._passes = []
        if not self.visible:
            self._watch_root(self.called)
            return
        if not self.layers:
            for child in self.module.modules():
                self._handles.append(
                    child.register_forward_pre_hook(self._enter, with_kwargs=True)
                )
                self._handles.append(child.register_forward_hook(self._leave, always_call=True))
        for child, part in self._parts.items():
            self._handles.append(child.register_forward_hook(self._hook(part)))

    def first_counts(self) -> None:
        """Takes the first pass for that of the step: those behind it try updates out."""
        self._first = True

    def rest(self) -> None:
        """Ceases to look; learns the layers of the first pass that it saw."""
        self._looking = False
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self.visible and not self.layers:
            self._learn()
        self._passes = []

    def close(self) -> None:
        """Takes all hooks away."""
        self.rest()
        for handle in self._roots.values():
            handle.remove()
        self._roots = {}

    def rows(self) -> dict[str, dict[str, float]]:
        """Returns what the last pass with a backward pass showed, by layer; empty without one."""
        last = self._last()
        if last is None:
            return {}
        layers = self.layers or self._layers_of(last)
        return {layer.name: last.row(layer) for layer in layers}

    def silent(self) -> dict[str, Tensor]:
        """Returns which units were zero throughout that pass, (U,) by layer, where it is known."""
        last = self._last()
        return {} if last is None else last.silent([layer.name for layer in self.order()])

    def _last(self) -> Pass | None:
        shown = [each for each in self._passes if each.deltas] or self._passes[-1:]
        return shown[0 if self._first else -1] if shown else None

    def order(self) -> tuple[Layer, ...]:
        """Returns the layers as far as they are known now."""
        return self.layers or (self._layers_of(self._passes[-1]) if self._passes else ())

    def _learn(self) -> None:
        shown = self._last()
        if shown is not None:
            self.layers = self._layers_of(shown)
            for root in shown.roots:
                self._watch_root(root)

    def _layers_of(self, shown: Pass) -> tuple[Layer, ...]:
        given = [] if shown.given is None else shown.given.tensors
        modules = {part.name: part.module for part in self._order.layers}
        in_time = [
            name
            for name, calls in shown.calls.items()
            if name in modules and time_steps(modules[name], calls, given)
        ]
        return self._order.found(shown.calls, in_time)

    def _watch_root(self, root: nn.Module) -> None:
        if root not in self._roots:
            self._roots[root] = root.register_forward_pre_hook(self._begin, with_kwargs=True)

    @harmless
    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if self._depth == 0:
            self._counted = torch.is_grad_enabled() and not in_backward()
            self._begin(module, args, kwargs)
        self._depth += 1

    @harmless
    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        self._depth -= 1

    @harmless
    def _begin(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        # Within a backward pass it is checkpointing that calls a part again, not its owner.
        if not torch.is_grad_enabled() or in_backward():
            return
        self.given = Given(module=module, args=args, kwargs=kwargs)
        if not self._looking:
            return
        # What was called once more after a backward pass is another pass: of the next part of a
        # batch whose gradients are accumulated, or of a critic that judges another batch.
        if not self._passes:
            self.inputs = self.given
        if not self._passes or (module in self._passes[-1].roots and self._passes[-1].deltas):
            self._passes.append(Pass(given=self.given))
        self._passes[-1].roots.add(module)

    def _hook(self, part: Part) -> Callable[[nn.Module, Any, Any], None]:
        @harmless
        def show(module: nn.Module, inputs: Any, output: Any) -> None:
            tensor = first_tensor(output)
            if tensor is None or not (tensor.is_floating_point() or tensor.is_complex()):
                return
            if not torch.is_grad_enabled():
                # Reentrant checkpointing calls parts so, and again, last part first, for the
                # backward pass: their order is to be had here only.
                if self._counted and self._depth and not self.layers:
                    self._order.called(part)
                return
            if not self._passes:
                self._passes.append(Pass())
            if not self.layers:
                self._order.called(part)
            with torch.no_grad():
                self._show(self._passes[-1], part, first_tensor(inputs), tensor)

        return show

    def _show(self, shown: Pass, part: Part, given: Tensor | None, value: Tensor) -> None:
        if part.weight is None:
            # The first activation behind a layer is its own; one module may stand behind several.
            layer, shown.last = shown.last, None
            if layer is not None and value.is_floating_point():
                seen = of_activation(value, part.activation, units_last=layer.units_last)
                shown.activations.setdefault(layer.name, []).append(seen)
            return
        shown.last = part
        call = shown.calls.get(part.name, 0)
        shown.calls[part.name] = call + 1
        shown.outputs.setdefault(part.name, []).append(of_size("preactivation_rms", value))
        before = self._order.before.get(part.name)
        if before is not None and before not in self._order.activations:
            self._show_input(shown, before, part, given)
        if value.requires_grad:
            value.register_hook(self._delta(shown, part, call, value))

    def _show_input(self, shown: Pass, before: str, part: Part, given: Tensor | None) -> None:
        """An activation that is no module is seen where the next layer is given it."""
        if given is not None and given.is_floating_point() and given.ndim >= 2:
            seen = of_activation(given, None, units_last=part.units_last)
            shown.inputs.setdefault(before, []).append(seen)

    def _delta(
        self, shown: Pass, part: Part, call: int, value: Tensor
    ) -> Callable[[Tensor], None]:
        is_output = value.is_floating_point() and part.name in [
            last.name for last in self.layers[-1:]
        ]
        # Of other layers nothing is kept until their gradient comes.
        kept = value.detach() if is_output else None

        @harmless
        def note(gradient: Tensor) -> None:
            if self._begins is not None:
                self._begins()
            with torch.no_grad():
                shown.deltas.setdefault(part.name, {})[call] = of_size("delta_rms", gradient)
                if kept is not None:
                    self._outputs(kept, gradient)

        return note

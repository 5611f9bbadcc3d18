"""What a module was given, and what one pass through it showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils._pytree import tree_leaves

from study.engine.layers import Layer
from study.engine.quantities import OF_CALL
from study.watching.observing.discovery import Part
from study.watching.observing.measures import Seen, joined, silent_units


@dataclass(frozen=True, kw_only=True)
class Given:
    """A call of a module by its owner.

    Attributes:
        module: Which; the watched one, or a part of it that is called by itself.
        args: What it was given.
        kwargs: What it was given by name.
    """

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors among what was given."""
        leaves = tree_leaves((self.args, dict(self.kwargs)))
        return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


@dataclass(kw_only=True)
class Pass:
    """One forward pass, and the backward pass from it; calls by the name of what was called."""

    given: Given | None = None
    calls: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, list[Seen]] = field(default_factory=dict)
    activations: dict[str, list[Seen]] = field(default_factory=dict)
    inputs: dict[str, list[Seen]] = field(default_factory=dict)
    deltas: dict[str, dict[int, Seen]] = field(default_factory=dict)
    roots: set[nn.Module] = field(default_factory=set)
    last: Part | None = None

    def row(self, layer: Layer) -> dict[str, float]:
        """Returns the figures of a layer by column of the layers table, as far as it was seen."""
        deltas = self.deltas.get(layer.name, {})
        row: dict[str, float] = {}
        for calls, column in (
            ([deltas[call] for call in sorted(deltas)], "delta_rms"),
            (self.outputs.get(layer.name, []), "preactivation_rms"),
        ):
            if calls:
                row |= joined(calls)
                for name, part in OF_CALL.items() if layer.calls > 1 else ():
                    call = name.removeprefix("delta_rms_")
                    if column == "delta_rms" or part in (0.0, 1.0):
                        some = calls[round(part * (len(calls) - 1))]
                        row[f"{column}_{call}"] = joined([some])[column]
        activations = self.behind(layer.name)
        return row | (joined(activations) if activations else {})

    def behind(self, layer: str) -> list[Seen]:
        """Returns the activations behind a layer: a module's, or what the next layer was given."""
        return self.activations.get(layer) or self.inputs.get(layer) or []

    def silent(self, layers: Sequence[str]) -> dict[str, Tensor]:
        """Returns which units were zero throughout, (U,) by layer, where that is known."""
        units = {layer: silent_units(self.behind(layer)) for layer in layers}
        return {layer: each.cpu() for layer, each in units.items() if each is not None}


def in_backward() -> bool:
    """Returns whether the autograd engine is calling, as checkpointing asks it too."""
    return bool(torch._C._current_graph_task_id() != -1)


def bare(module: nn.Module) -> tuple[nn.Module, bool]:
    """Returns the module inside wrappers that only distribute or compile it.

    Returns:
        It, and whether hooks inside it are heard.
    """
    visible = True
    while True:
        inner: object
        if hasattr(module, "_orig_mod"):  # torch.compile
            inner, visible = module._orig_mod, False
        elif isinstance(module, DistributedDataParallel | nn.DataParallel):
            inner = module.module
        else:
            break
        assert isinstance(inner, nn.Module)
        module = inner
    scripted = any(isinstance(child, torch.jit.ScriptModule) for child in module.modules())
    return module, visible and not scripted

"""From a person's factory to a module, whichever library the network is written for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import torch

from study.engine.networks.random_state import seeded
from study.engine.tasks.task import Task

ADAPTERS = {"keras": "study.adapters.keras"}
"""Library -> module with `while_building()`, a context manager, and `as_module(made, ...)`.

Adapters are named here and imported only where their library is, so that the engine needs none.
"""


def built(
    factory: Callable[[Mapping[str, Any], Task], Any],
    hyperparameters: Mapping[str, Any],
    task: Task,
) -> Any:
    """Calls the factory; the model of a library that has an adapter comes back as a module.

    Whatever the factory draws from, be it torch's generator or Python's, NumPy's or Keras', is
    a function of the seed that torch's generator has been given. Only torch's moves on.

    Raises:
        ValueError: If the adapter cannot make a network of the model.
    """
    before = _imported()
    made = _build(factory, hyperparameters, task)
    if _imported() != before:
        # The factory itself imported the library, which was not seeded, nor kept on the CPU.
        made = _build(factory, hyperparameters, task)
    return made


def _build(
    factory: Callable[[Mapping[str, Any], Task], Any],
    hyperparameters: Mapping[str, Any],
    task: Task,
) -> Any:
    adapters = [importlib.import_module(ADAPTERS[library]) for library in _imported()]
    with ExitStack() as stack:
        stack.enter_context(seeded(torch.initial_seed()))
        for adapter in adapters:
            stack.enter_context(adapter.while_building())
        made = factory(hyperparameters, task)
        for adapter in adapters:
            made = adapter.as_module(made, hyperparameters, task)
    return made


def _imported() -> list[str]:
    return [library for library in ADAPTERS if library in sys.modules]

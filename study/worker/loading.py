"""From the names in a study file to the functions they stand for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from search_spaces.errors import InputError, unknown
from study.engine import NETWORKS, TASKS, NetworkFactory, TaskFactory


def load_task_function(name: str, *, code: Sequence[Path] = ()) -> TaskFactory:
    """What makes the built-in task of this name, or the person's `package.module:function`.

    Args:
        name: As in the study file.
        code: Folders to import a person's own modules from, before the installed ones.

    Raises:
        InputError: If there is no such task or it cannot be imported.
    """
    if ":" in name:
        return _imported(name, "task", code)
    if name not in TASKS:
        raise InputError(unknown("task", name, TASKS), key="task")
    return TASKS[name]


def load_network(name: str, *, code: Sequence[Path] = ()) -> NetworkFactory:
    """The built-in network of this name, or the person's `package.module:factory`.

    Args:
        name: As in the study file.
        code: Folders to import a person's own modules from, before the installed ones.

    Raises:
        InputError: If there is no such network or it cannot be imported.
    """
    if ":" in name:
        return _imported(name, "network", code)
    if name not in NETWORKS:
        raise InputError(unknown("network", name, NETWORKS), key="network")
    return NETWORKS[name]


def _imported(name: str, key: str, code: Sequence[Path]) -> Callable[..., Any]:
    for folder in code:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise InputError(
            f"cannot import {module_name!r} for {name!r}: {type(error).__name__}: {error}",
            key=key,
        ) from error
    function = getattr(module, attribute, None)
    if not callable(function):
        functions = [name for name, value in vars(module).items() if callable(value)]
        raise InputError(unknown(f"function in {module_name}", attribute, functions), key=key)
    return function

"""From the names in a study file to the functions they stand for."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from search_spaces.catalogue import network_names, network_of
from search_spaces.errors import InputError, unknown
from study.engine import NETWORKS, TASKS, NetworkFactory, Task, TaskFactory
from study.own_code import text_of, with_line


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
        name: As a study has it; of several networks the factory makes the trial's.
        code: Folders to import a person's own modules from, before the installed ones.

    Raises:
        InputError: If there is no such network or it cannot be imported.
    """
    if ":" in name:
        return _imported(name, "network", code)
    names = network_names(name)
    for each in names:
        if each not in NETWORKS:
            raise InputError(unknown("network", each, NETWORKS), key="network")
    return NETWORKS[name] if len(names) == 1 else partial(_network_of_trial, name)


def _network_of_trial(name: str, hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return NETWORKS[network_of(name, hyperparameters)](hyperparameters, task)


def load_optimizer(name: str, *, code: Sequence[Path] = ()) -> Callable[..., Any]:
    """The person's `package.module:factory` of optimizers.

    Args:
        name: As in the study file.
        code: Folders to import a person's own modules from, before the installed ones.

    Raises:
        InputError: If it cannot be imported.
    """
    return _imported(name, "hyperparameters.optimizer", code)


def _imported(name: str, key: str, code: Sequence[Path]) -> Callable[..., Any]:
    for folder in code:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    module_name, _, attribute = name.partition(":")
    module = _module(module_name, name, key)
    function = getattr(module, attribute, None)
    if not callable(function):
        functions = [name for name, value in vars(module).items() if callable(value)]
        raise InputError(unknown(f"function in {module_name}", attribute, functions), key=key)
    return function


def _module(module_name: str, name: str, key: str) -> ModuleType:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            module = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # A script calls sys.exit, or parses arguments that are ours.
        problem = text_of(error)
        if isinstance(error, SystemExit):
            said = printed.getvalue().strip().splitlines()[-1:]
            problem += "".join(f" after saying {line!r}" for line in said)
        problem = with_line(problem, error)
        if isinstance(error, SystemExit):
            problem += '; a script does its work under `if __name__ == "__main__":`'
        raise InputError(
            " ".join(f"cannot import {module_name!r} for {name!r}: {problem}".split()), key=key
        ) from error
    sys.stderr.write(printed.getvalue())
    return module

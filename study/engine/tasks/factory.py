"""Making a task: its function is called with the options and hyperparameters that it names.

What it returns is changed as the hyperparameters of any task say.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from study.engine.tasks.class_weights import weighted_task
from study.engine.tasks.error import TaskError
from study.engine.tasks.option import OptionMismatch, read_option
from study.engine.tasks.standardization import standardized_task
from study.engine.tasks.task import Task
from study.trial import NONE

TaskFactory = Callable[..., Task]
"""Called with keyword arguments alone."""


OF_ANY_TASK = ("standardize", "class_weights")
"""Hyperparameters that a task has although its function does not take them."""


@dataclass(frozen=True, kw_only=True)
class TaskParameter:
    """One argument that a task's function takes.

    Attributes:
        name: Name of the argument, as a study file gives it.
        annotation: Its type; `object` where there is none, or none that can be evaluated.
        required: Whether it has no default.
        text: As it stands in the function's signature.
    """

    name: str
    annotation: object
    required: bool
    text: str


def task_parameters(function: TaskFactory) -> dict[str, TaskParameter]:
    """Returns what a task's function can be called with, by name.

    Raises:
        TaskError: If the function has arguments that cannot be given by name.
    """
    parameters = {}
    for name, each in inspect.signature(function).parameters.items():
        if each.kind not in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD):
            raise TaskError(
                f"a task's function must take arguments by name, but {_called(function)} has "
                f"{each}"
            )
        parameters[name] = TaskParameter(
            name=name,
            annotation=_evaluated(each.annotation, function),
            required=each.default is each.empty,
            text=str(each).replace("'", ""),
        )
    return parameters


def make_task(
    function: TaskFactory, options: Mapping[str, object], hyperparameters: Mapping[str, object]
) -> Task:
    """Calls the function with all options and with the hyperparameters that it names.

    What it returns is standardized and weighted as `standardize` and `class_weights` say, unless
    the function takes these itself.

    Args:
        function: Makes the task from keyword arguments.
        options: Of the study file; texts are read as the parameter's annotation says.
        hyperparameters: Of a trial, those of the network included.

    Raises:
        TaskError: If an option is unknown, given twice, missing, or of the wrong type; or as
            the function says.
        Exception: Whatever else the function raises.
    """
    parameters = task_parameters(function)
    named = {name: hyperparameters[name] for name in parameters if name in hyperparameters}
    arguments = dict(named)
    for name, value in options.items():
        if name not in parameters:
            raise TaskError(_unknown(function, name, parameters), parameter=name)
        if name in named:
            raise TaskError(
                f"{name} must be given once, but is an option of the task and a hyperparameter "
                f"of this study ({named[name]!r})",
                parameter=name,
            )
        try:
            arguments[name] = read_option(value, parameters[name].annotation)
        except OptionMismatch as error:
            raise TaskError(f"must be {error}, but got {value!r}", parameter=name) from None
    for name, each in parameters.items():
        if each.required and name not in arguments:
            raise TaskError(
                f"task {_called(function)} needs {name}; it takes: {_listed(parameters)}",
                parameter=name,
            )
    task = function(**arguments)
    # A function may have returned anything; that is refused where its name is known.
    changes = of_any_task(parameters, hyperparameters)
    return _changed(task, changes) if isinstance(task, Task) else task


def of_any_task(
    parameters: Mapping[str, TaskParameter], hyperparameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the hyperparameters, switched on, that change what the function has made.

    Args:
        parameters: Of the task's function; those that it takes itself are its own business.
        hyperparameters: Of a trial.
    """
    return {
        name: hyperparameters[name]
        for name in OF_ANY_TASK
        if name not in parameters and hyperparameters.get(name, NONE) != NONE
    }


def _changed(task: Task, changes: Mapping[str, Any]) -> Task:
    if "standardize" in changes:
        task = standardized_task(task, changes["standardize"])
    return weighted_task(task) if "class_weights" in changes else task


def _called(function: TaskFactory) -> str:
    return getattr(function, "__name__", repr(function))


def _unknown(function: TaskFactory, name: str, parameters: Mapping[str, TaskParameter]) -> str:
    if not parameters:
        return f"task {_called(function)} takes no options, but got {name!r}"
    nearest = difflib.get_close_matches(name, parameters, n=1, cutoff=0.5)
    guess = f" did you mean {nearest[0]!r}?" if nearest else ""
    return (
        f"unknown option {name!r} of task {_called(function)};{guess} "
        f"it takes: {_listed(parameters)}"
    )


def _listed(parameters: Mapping[str, TaskParameter]) -> str:
    return ", ".join(each.text for each in parameters.values())


def _evaluated(annotation: object, function: TaskFactory) -> object:
    """Returns the type that an annotation stands for; modules may keep annotations as text."""
    if annotation is inspect.Parameter.empty:
        return object
    if not isinstance(annotation, str):
        return annotation
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return eval(annotation, dict(names))
    except Exception:
        # A name that only a type checker imports: then the value goes as it is.
        return object

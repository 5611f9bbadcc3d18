"""Making a task: its function is called with the options and hyperparameters that it names.

What it returns is changed as the hyperparameters of any task say.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

from study.engine.built_in import BUILT_IN_TASKS
from study.engine.tasks.data.class_weights import weighted_task
from study.engine.tasks.data.standardization import standardized_task
from study.engine.tasks.data.task_data import check_data
from study.engine.tasks.data.z_loss import with_z_loss
from study.engine.tasks.error import TaskError
from study.engine.tasks.feeding.balance import balanced_feed
from study.engine.tasks.feeding.feed import Feed
from study.engine.tasks.option import OptionMismatch, read_option
from study.engine.tasks.task import Task
from study.trial import NONE

TaskFactory = Callable[..., Task]
"""Called with keyword arguments alone."""


_NOTHING: Mapping[str, object] = MappingProxyType({})

OF_ANY_TASK = ("standardize", "class_weights", "z_loss")
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
    task: str | TaskFactory,
    options: Mapping[str, object] = _NOTHING,
    hyperparameters: Mapping[str, object] = _NOTHING,
) -> Task:
    """Calls a task's function with all options and with the hyperparameters that it names.

    What it returns is changed as the hyperparameters in OF_ANY_TASK say, unless the function takes
    these itself.

    Args:
        task: Name of a built-in task, or a function that makes one from keyword arguments.
        options: Of the study file; texts are read as the parameter's annotation says.
        hyperparameters: Of a trial, those of the network included.

    Raises:
        TaskError: If there is no built-in task of that name, an option is unknown, given twice,
            missing, or of the wrong type; or as the function says.
        DataError: If data that is to be changed is not finite, or a label out of range.
        Exception: Whatever else the function raises.
    """
    function = _built_in(task) if isinstance(task, str) else task
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
    made = function(**arguments)
    # A function may have returned anything; that is refused where its name is known.
    changes = of_any_task(parameters, hyperparameters)
    return _changed(made, changes) if isinstance(made, Task) else made


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
    if task.feed is not None:
        return _fed_otherwise(task, task.feed, changes)
    if changes:
        check_data(task)  # One number that is not finite would make a column of them.
    if "standardize" in changes:
        task = standardized_task(task, changes["standardize"])
    if "class_weights" in changes:
        task = weighted_task(task)
    return with_z_loss(task, changes["z_loss"]) if "z_loss" in changes else task


def _fed_otherwise(task: Task, feed: Feed, changes: Mapping[str, Any]) -> Task:
    for name in changes:
        if name != "class_weights":
            raise TaskError(
                f"must be none for task {task.name}, whose data and loss are its own: there is no "
                "one tensor that it could change; do it where the task is made",
                parameter=name,
            )
    return balanced_feed(task, feed) if changes else task


def _built_in(name: str) -> TaskFactory:
    if name not in BUILT_IN_TASKS:
        guess = _nearest(name, BUILT_IN_TASKS)
        raise TaskError(f"unknown task {name!r};{guess} built-in: {', '.join(BUILT_IN_TASKS)}")
    function: TaskFactory = getattr(import_module(f"study.engine.tasks.{name}"), name)
    return function


def _called(function: TaskFactory) -> str:
    return getattr(function, "__name__", repr(function))


def _unknown(function: TaskFactory, name: str, parameters: Mapping[str, TaskParameter]) -> str:
    if not parameters:
        return f"task {_called(function)} takes no options, but got {name!r}"
    return (
        f"unknown option {name!r} of task {_called(function)};{_nearest(name, parameters)} "
        f"it takes: {_listed(parameters)}"
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f" did you mean {nearest[0]!r}?" if nearest else ""


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

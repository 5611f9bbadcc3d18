"""Where a study's tasks come from: one for each setting of the hyperparameters that it has."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
from study.engine import Task, TaskError, TaskFactory, TaskParameter, make_task, task_parameters
from study.engine.tasks import DataError, of_any_task, takes_path
from study.engine.tasks.data.balanced_metric import balanced_metric_task
from study.worker.loading import load_task_function

KEPT = 8
"""Tasks kept in memory: a study with an axis of the task goes back and forth between a few."""


@dataclass(frozen=True, kw_only=True)
class TaskSource:
    """Makes a study's tasks; picklable, it imports the task's function where it is asked.

    Attributes:
        name: As in the study file.
        options: As in the study file.
        folder: The study file's; paths among the options are relative to it.
        code: Folders of the person's own modules.
        balanced_metric: Whether success is measured by label, each counting the same, where
            labels are not about as frequent as each other.
    """

    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    folder: Path
    code: tuple[Path, ...] = ()
    balanced_metric: bool = False

    @property
    def parameters(self) -> Mapping[str, TaskParameter]:
        """What the task's function takes, options and hyperparameters.

        Raises:
            InputError: If there is no such function, or it cannot be called by name.
        """
        return self._parameters

    def hyperparameters(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those that decide its task; trials that agree in them have the same task."""
        taken = {
            name: hyperparameters[name] for name in self.parameters if name in hyperparameters
        }
        return taken | of_any_task(self.parameters, hyperparameters)

    def first_of_each(
        self, configurations: Iterable[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """Of the configurations that have the same task the first, for each task."""
        first: dict[Hashable, Mapping[str, Any]] = {}
        for values in configurations:
            first.setdefault(tuple(self.hyperparameters(values).items()), values)
        return list(first.values())

    def task(self, hyperparameters: Mapping[str, Any]) -> Task:
        """The task of a trial.

        Raises:
            InputError: If the task's function refuses its arguments, or returns no Task.
        """
        key = tuple(self.hyperparameters(hyperparameters).items())
        if key not in self._made:
            self._made[key] = self._make(hyperparameters)
        self._made.move_to_end(key)
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return self._made[key]

    def __getstate__(self) -> dict[str, object]:
        """Without function and data: a worker loads its own."""
        cached = {"_function", "_parameters", "_made"}
        return {name: value for name, value in vars(self).items() if name not in cached}

    def _make(self, hyperparameters: Mapping[str, Any]) -> Task:
        try:
            task = make_task(self._function, self._resolved(), hyperparameters)
        except TaskError as error:
            key = _key(error.parameter, hyperparameters)
            raise InputError(str(error), key=key) from error
        except DataError as error:
            raise InputError(str(error), key="task") from error
        except Exception as error:
            raise self._refusal(error) from error
        if not isinstance(task, Task):
            raise InputError(f"{self.name} must return a Task, but returned {task!r}", key="task")
        return balanced_metric_task(task) or task if self.balanced_metric else task

    def _refusal(self, error: Exception) -> InputError:
        """What a person has to know when the task's function failed."""
        refused = isinstance(error, (ValueError, OSError))
        if refused and (self.options or not is_own(self.name)):
            return InputError(f"task {self.name}: {error}", key="task_options")
        return InputError(
            f"{self.name} must return a Task, but it raised {type(error).__name__}: {error}",
            key="task",
        )

    def _resolved(self) -> dict[str, object]:
        """The options, with paths that begin at the study file's folder."""
        resolved = dict(self.options)
        for name, parameter in self.parameters.items():
            if name in resolved and takes_path(parameter.annotation):
                resolved[name] = _from(self.folder, resolved[name])
        return resolved

    @cached_property
    def _function(self) -> TaskFactory:
        return load_task_function(self.name, code=self.code)

    @cached_property
    def _parameters(self) -> dict[str, TaskParameter]:
        try:
            return task_parameters(self._function)
        except TaskError as error:
            raise InputError(str(error), key="task") from error

    @cached_property
    def _made(self) -> OrderedDict[Hashable, Task]:
        return OrderedDict()


def _key(parameter: str | None, hyperparameters: Mapping[str, Any]) -> str:
    if parameter is None:
        return "task_options"
    section = "hyperparameters" if parameter in hyperparameters else "task_options"
    return f"{section}.{parameter}"


def _from(folder: Path, given: object) -> object:
    if isinstance(given, str):
        return folder / Path(given).expanduser()
    if isinstance(given, Sequence):
        return [_from(folder, each) for each in given]
    return given

"""Whose each hyperparameter of a study is."""

from __future__ import annotations

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
from study.preflight.own_code import own_optimizers
from study.study_file import StudyConfig
from study.worker.tasks import TaskSource


def check_owners(config: StudyConfig, tasks: TaskSource) -> None:
    """Refuses hyperparameters that nobody takes, and tasks that take a fusible one.

    Raises:
        InputError: If there is one: a hyperparameter of a task is shared by a cohort.
    """
    known = {each.name for each in config.space.catalogue}
    for entry in config.space.entries:
        each = entry.hyperparameter
        if each.name in tasks.parameters:
            if each.fusible:
                raise InputError(
                    f"a task must not depend on {each.name}, in which the trials of a cohort may "
                    f"differ, but {config.task} takes it",
                    key="task",
                )
            continue
        own = each.name not in known or not each.belongs_to(network=config.network, task="")
        free = is_own(config.network) or own_optimizers(config)
        if entry.given and own and not free:
            raise InputError(
                f"neither network {config.network} nor task {config.task} has it; the task "
                f"takes: {', '.join(tasks.parameters) or 'nothing'}",
                key=f"hyperparameters.{each.name}",
            )

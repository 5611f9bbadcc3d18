"""What can be refused before anything is started or written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
from study.engine import NetworkError, NetworkFactory, Task
from study.engine.cost import TrialCost, large_cost, trial_cost
from study.engine.loss_surface import check_curvature
from study.engine.tasks.data.data_scale import scale_notices
from study.preflight.addresses import check_addresses
from study.preflight.grid import grid_notices
from study.preflight.own_code import own_code_errors, own_names, own_optimizers, try_step
from study.preflight.owners import check_owners
from study.preflight.parametrization import check_parametrizations
from study.preflight.size import (
    check_amount,
    check_batches,
    check_fits,
    frozen_notices,
    not_tried,
    size_notices,
    too_large,
)
from study.preflight.trial_pass import try_data, try_task
from study.study_file import StudyConfig
from study.verdicts import DEFAULT, Thresholds
from study.worker.loading import load_network, load_optimizer
from study.worker.tasks import TaskSource

OVERHEAD_FLOPS = 2e6
"""What a trial-step costs beside its arithmetic, in the same unit: small networks are not free."""

FLOPS_PER_S = 1.5e10
"""Useful arithmetic of one CPU core in vectorized training, for estimates of time."""


ONE_BY_ONE = (
    "trials with an optimizer of your own are trained one after another: each has its own one"
)


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """A study file whose task, network and thresholds were tried and found to fit.

    Attributes:
        config: The study file.
        tasks: Gives each trial its task.
        task: The task of the space's first corner; others differ in their data's shape.
        network: Builds a trial's network; built-in, or a person's own.
        thresholds: The verdicts', with the study file's overrides.
        code: Folders of the person's own modules.
    """

    config: StudyConfig
    tasks: TaskSource
    task: Task
    network: NetworkFactory
    thresholds: Thresholds
    code: tuple[Path, ...]
    _costs: dict[Hashable, TrialCost] = field(default_factory=dict, repr=False)
    _of_tasks: list[str] = field(default_factory=list, repr=False)

    def cost(self, hyperparameters: Mapping[str, Any]) -> TrialCost:
        """Cost of one trial; networks of the same shape are built once.

        Raises:
            InputError: If the task cannot be made, or the network does not fit it or memory.
        """
        key = self.config.space.cohort_key(hyperparameters)
        if key not in self._costs:
            task = self.tasks.task(hyperparameters)
            with own_code_errors(self.config):
                cost = _cost(self.network, hyperparameters, task)
            check_fits(self.config, hyperparameters, cost)
            if is_own(str(hyperparameters.get("optimizer", ""))):
                cost = replace(cost, notice=ONE_BY_ONE)
            self._costs[key] = cost
        return self._costs[key]

    def check(self, hyperparameters: Mapping[str, Any]) -> None:
        """Refuses a configuration that the space's corners do not vouch for.

        Raises:
            InputError: If the task cannot be made, the batch exceeds its data, or the network
                does not fit it.
        """
        batch, task = hyperparameters["batch_size"], self.tasks.task(hyperparameters)
        if batch > task.examples:
            raise InputError(too_large(batch, self.config, task), key="batch_size")
        self.cost(hyperparameters)

    def task_notices(self, hyperparameters: Mapping[str, Any]) -> list[str]:
        """What one forward and backward pass, and the data's scale, say of a trial's task.

        Raises:
            InputError: If its loss or metric cannot be computed, or not be differentiated.
        """
        task, cost = self.tasks.task(hyperparameters), self.cost(hyperparameters)
        if cost.is_large:
            return [not_tried(hyperparameters, cost)]
        with own_code_errors(self.config):
            found = try_task(
                self.network, hyperparameters, task, flops_per_step=cost.flops_per_step
            )
            if own_names(self.config):
                try_step(self.network, hyperparameters, task, cost)
        # Built-in tasks have the scale that they are meant to have.
        return scale_notices(task) + found if is_own(self.config.task) else found

    @property
    def notices(self) -> list[str]:
        """What a person should know before trials of the networks tried so far are trained."""
        notices = [cost.notice for cost in self._costs.values() if cost.notice is not None]
        notices += frozen_notices(self._costs.values())
        notices += size_notices(self.config, self._costs.values())
        notices += self._of_tasks + grid_notices(self.config)
        resources = self.config.resources
        if resources.gpus_per_worker != resources.training_gpus:
            notices.append(
                f"each worker holds {resources.gpus_per_worker:g} GPUs and trains on the CPU all "
                "the same, as `device: cpu` asks"
            )
        return list(dict.fromkeys(notices))

    def corner_tasks(self) -> list[tuple[Mapping[str, Any], Task]]:
        """The tasks of the space's corners, each once, after the hyperparameters it has."""
        firsts = self.tasks.first_of_each(self.config.space.corners())
        return [(self.tasks.hyperparameters(each), self.tasks.task(each)) for each in firsts]

    def trains_apart(self, hyperparameters: Mapping[str, Any]) -> bool:
        """Whether the network of a trial is trained one trial after another in any cohort."""
        return self.cost(hyperparameters).notice is not None

    def work(self, hyperparameters: Mapping[str, Any]) -> float:
        """Cost of training one trial, in FLOPs or what takes as long."""
        per_step = self.cost(hyperparameters).flops_per_step + OVERHEAD_FLOPS
        return per_step * self.config.steps

    def seconds(self, hyperparameters: Mapping[str, Any]) -> float:
        """Estimate of the time that one trial takes of one CPU core."""
        return self.work(hyperparameters) / FLOPS_PER_S

    def with_balanced_metric(self) -> Preflight:
        """The same study, with success measured by label, each counting the same."""
        return replace(self, tasks=replace(self.tasks, balanced_metric=True))

    def has_curvature(self, hyperparameters: Mapping[str, Any]) -> bool:
        """Whether the loss can be differentiated twice, so that sharpness can be measured."""
        if self.cost(hyperparameters).is_large:
            return False
        with suppress(InputError):
            _check_curvature(self.network, hyperparameters, self.tasks.task(hyperparameters))
            return True
        return False


def preflight(config: StudyConfig, *, code: Sequence[Path] = ()) -> Preflight:
    """Loads and tries what the study file names.

    Raises:
        InputError: If the task or network cannot be loaded, an option or hyperparameter does not
            fit the task, the network does not, its data or loss cannot be trained on, the batch
            exceeds the data, a threshold does not exist, or the network has no curvature that
            full statistics could measure.
    """
    with own_code_errors(config):
        return _checked(config, tuple(code))


def _checked(config: StudyConfig, code: tuple[Path, ...]) -> Preflight:
    try:
        thresholds = DEFAULT.with_overrides(config.thresholds)
    except InputError as error:
        raise error.inside(key="thresholds") from error
    check_addresses(config)
    check_parametrizations(config.space)
    tasks = TaskSource(
        name=config.task, options=config.task_options, folder=config.folder, code=code
    )
    check_owners(config, tasks)
    network = load_network(config.network, code=code)
    corners = list(config.space.corners())
    checked = Preflight(
        config=config,
        tasks=tasks,
        task=tasks.task(corners[0]),
        network=network,
        thresholds=thresholds,
        code=code,
    )
    for values in tasks.first_of_each(corners):
        try_data(tasks.task(values))
    for values in corners:
        check_batches(config, tasks.task(values))
        checked.cost(values)
        own = is_own(config.network) or is_own(config.task)
        curved = config.sharpness_steps or config.statistics == "full"
        if curved and own and not checked.cost(values).is_large:
            _check_curvature(network, values, tasks.task(values))
    check_amount(config, min(checked.seconds(values) for values in corners))
    corners.sort(key=lambda values: checked.cost(values).is_large)
    for values in (*tasks.first_of_each(corners), *_with_own_optimizers(config, corners, code)):
        checked._of_tasks.extend(checked.task_notices(values))
    return checked


def _with_own_optimizers(
    config: StudyConfig, corners: Sequence[Mapping[str, Any]], code: tuple[Path, ...]
) -> list[Mapping[str, Any]]:
    """A corner for each own optimizer, which is loaded, to be tried."""
    found = []
    for name in own_optimizers(config):
        load_optimizer(name, code=code)
        found += [values for values in corners if values.get("optimizer") == name][:1]
    return found


def _check_curvature(network: NetworkFactory, values: Mapping[str, Any], task: Task) -> None:
    with torch.random.fork_rng(devices=[]):
        try:
            check_curvature(network, values, task)
        except NetworkError as error:
            raise InputError(str(error), key="statistics") from error


def _cost(network: NetworkFactory, values: Mapping[str, Any], task: Task) -> TrialCost:
    with torch.random.fork_rng(devices=[]):
        try:
            return large_cost(network, values, task) or trial_cost(network, values, task)
        except NetworkError as error:
            raise InputError(str(error), key="network") from error

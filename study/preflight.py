"""What can be refused before anything is started or written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from search_spaces.errors import InputError
from study.engine import NetworkError, NetworkFactory, Task
from study.engine.cost import TrialCost, trial_cost
from study.resolution import load_network, load_task
from study.study_file import StudyConfig
from study.verdicts import DEFAULT, Thresholds

OVERHEAD_FLOPS = 2e6
"""What a trial-step costs beside its arithmetic, in the same unit: small networks are not free."""


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """A study file whose task, network and thresholds were tried and found to fit.

    Attributes:
        config: The study file.
        task: Its task.
        network: Its network.
        thresholds: The verdicts', with the study file's overrides.
        code: Folders of the person's own modules.
    """

    config: StudyConfig
    task: Task
    network: NetworkFactory
    thresholds: Thresholds
    code: tuple[Path, ...]
    _costs: dict[Hashable, TrialCost] = field(default_factory=dict, repr=False)

    def cost(self, hyperparameters: Mapping[str, Any]) -> TrialCost:
        """Cost of one trial; networks of the same shape are built once.

        Raises:
            InputError: If the network cannot be built or does not fit the task.
        """
        key = self.config.space.cohort_key(hyperparameters)
        if key not in self._costs:
            self._costs[key] = _cost(self.network, hyperparameters, self.task)
        return self._costs[key]

    def work(self, hyperparameters: Mapping[str, Any]) -> float:
        """Cost of training one trial, in FLOPs or what takes as long."""
        per_step = self.cost(hyperparameters).flops_per_step + OVERHEAD_FLOPS
        return per_step * self.config.steps


def preflight(config: StudyConfig, *, code: Sequence[Path] = ()) -> Preflight:
    """Loads and tries what the study file names.

    Raises:
        InputError: If the task or network cannot be loaded, the network does not fit the task,
            the batch exceeds the data, or a threshold does not exist.
    """
    try:
        return _checked(config, tuple(code))
    except InputError as error:
        raise error.inside(file=config.file) from error


def _checked(config: StudyConfig, code: tuple[Path, ...]) -> Preflight:
    try:
        thresholds = DEFAULT.with_overrides(config.thresholds)
    except InputError as error:
        raise error.inside(key="thresholds") from error
    task = load_task(config.task, code=code)
    network = load_network(config.network, code=code)
    checked = Preflight(
        config=config, task=task, network=network, thresholds=thresholds, code=code
    )
    for values in config.space.corners():
        checked.cost(values)
    _check_batches(config, task)
    return checked


def _check_batches(config: StudyConfig, task: Task) -> None:
    axis: Mapping[str, Any] = config.space.metadata().get("batch_size", {})
    largest = max(axis.get("choices", [axis.get("high", axis.get("value", 1))]))
    if largest > task.examples:
        raise InputError(
            f"`batch_size <= examples` must hold, but got {largest} and task {config.task} has "
            f"{task.examples} examples",
            key="hyperparameters.batch_size",
        )


def _cost(network: NetworkFactory, values: Mapping[str, Any], task: Task) -> TrialCost:
    with torch.random.fork_rng(devices=[]):
        try:
            return trial_cost(network, values, task)
        except NetworkError as error:
            raise InputError(str(error), key="network") from error

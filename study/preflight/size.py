"""What is too large to be trained: refused before anything of its size is built."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from search_spaces.errors import InputError
from study.engine import Task
from study.engine.cost import TrialCost
from study.engine.memory import total_memory
from study.study_file import StudyConfig
from study.worker.still_parts import listed

MOST_TRIALS = 10_000_000
"""As many as a grid may have cells; storage, tables and MLflow hold each of them."""

MOST_CORE_YEARS = 10_000
"""Work of a study, by the estimate, from which on it is taken for a mistake."""

_YEAR_S = 365.25 * 86400
_SHAPE = ("depth", "width", "batch_size", "dtype")


def check_fits(config: StudyConfig, values: Mapping[str, Any], cost: TrialCost) -> None:
    """Refuses a trial that needs more memory than there is where it would train.

    Args:
        config: The study file.
        values: The trial's hyperparameters.
        cost: What it costs.

    Raises:
        InputError: If it cannot fit, whatever else runs there.
    """
    place = _place(config)
    if place is None:
        return
    device, name = place
    total = total_memory(device)
    if cost.least_bytes > total:
        shape = ", ".join(f"{each} {values[each]}" for each in _SHAPE if each in values)
        raise InputError(
            f"a trial must fit into memory, but one of {shape} has {cost.parameters:.3g} "
            f"parameters and needs at least {_gb(cost.least_bytes)}, and {name} has {_gb(total)}",
            key="hyperparameters",
        )


def check_batches(config: StudyConfig, task: Task) -> None:
    """Refuses a batch that exceeds the data.

    Raises:
        InputError: If the largest does.
    """
    axis: Mapping[str, Any] = config.space.metadata().get("batch_size", {})
    largest = max(axis.get("choices", [axis.get("high", axis.get("value", 1))]))
    if largest > task.examples:
        raise InputError(too_large(largest, config, task), key="hyperparameters.batch_size")


def too_large(batch: int, config: StudyConfig, task: Task) -> str:
    """What is said of a batch that exceeds the data."""
    return (
        f"`batch_size <= examples` must hold, but got {batch} and task {config.task} has "
        f"{task.examples} examples"
    )


def check_amount(config: StudyConfig, seconds: float) -> None:
    """Refuses a number of trials, or of steps, that nobody could wait for.

    Args:
        config: The study file.
        seconds: What one trial takes of one CPU core, by the estimate.

    Raises:
        InputError: If it is more than `MOST_TRIALS`, or takes more than `MOST_CORE_YEARS`.
    """
    years = config.trials * seconds / _YEAR_S
    if config.trials > MOST_TRIALS or years > MOST_CORE_YEARS:
        key = "trials" if config.trials > MOST_TRIALS else "steps"
        rule = f"must be at most {MOST_TRIALS:,}" if key == "trials" else "must be fewer"
        raise InputError(
            f"{rule}, but got {getattr(config, key):,}: {config.trials:,} trials of "
            f"{config.steps:,} steps take about {years:,.3g} years of one CPU core",
            key=key,
        )


def not_tried(values: Mapping[str, Any], cost: TrialCost) -> str:
    """What is said of a network that is too large to be tried before it is trained."""
    shape = ", ".join(f"{each} {values[each]}" for each in _SHAPE[:2] if each in values)
    return (
        f"the network of {shape or 'this configuration'} has {cost.parameters:.3g} parameters: "
        f"not tried beforehand; a trial of it takes about {_gb(cost.memory_bytes)}"
    )


def size_notices(config: StudyConfig, costs: Iterable[TrialCost]) -> list[str]:
    """What is said of networks that fit into memory barely, if at all."""
    place = _place(config)
    largest = max(costs, key=lambda cost: cost.memory_bytes, default=None)
    if place is None or largest is None or largest.memory_bytes <= total_memory(place[0]):
        return []
    return [
        f"a trial of the largest network ({largest.parameters:.3g} parameters) takes about "
        f"{_gb(largest.memory_bytes)}, and {place[1]} has {_gb(total_memory(place[0]))}: "
        "it may run out of memory"
    ]


def frozen_notices(costs: Iterable[TrialCost]) -> list[str]:
    """What is said of networks of which a part is not trained, once for each such part."""
    return [
        f"{listed(cost.frozen)} of the network stay as its factory makes them: requires_grad is "
        "False, so neither `initialization` nor any step changes them"
        for cost in costs
        if cost.frozen
    ]


def _place(config: StudyConfig) -> tuple[torch.device, str] | None:
    """The device that trials train on, where it is known to be of this machine."""
    if os.environ.get("RAY_ADDRESS"):
        return None
    if not config.resources.training_gpus:
        return torch.device("cpu"), "this machine"
    return (torch.device("cuda"), "its GPU") if torch.cuda.is_available() else None


def _gb(size: float) -> str:
    return f"{size / 1e9:.3g} GB"

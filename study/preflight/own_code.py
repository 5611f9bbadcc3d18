"""Own code that fails while it is tried: one line and exit code 2, whatever it raises."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
from search_spaces.space.settings import Choice, Fixed, Setting
from study.engine import NetworkFactory, Task, train_cohort
from study.engine.cost import TrialCost
from study.own_code import text_of, with_line
from study.study_file import StudyConfig
from study.trial import Trial

FLOPS = 2e9
"""Arithmetic of a step that is tried, at most: about a tenth of a second of one core."""


@contextmanager
def own_code_errors(config: StudyConfig) -> Iterator[None]:
    """Raises what own code raises in the block as an `InputError` that names file and line.

    Built-in tasks and networks do not fail; if they do it is a bug, which keeps its traceback.

    Raises:
        InputError: If the block does, or if own code raises anything else, be it `SystemExit`.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except InputError as error:
        rule = with_line(error.rule, error.__cause__)
        raise InputError(rule, key=error.key, file=error.file or config.file) from error
    except BaseException as error:
        own = own_names(config)
        if not own:
            raise
        names = " and ".join(dict.fromkeys(own.values()))
        rule = with_line(f"{names} cannot be trained: {text_of(error)}", error)
        key = next(iter(own)) if len(own) == 1 else None
        raise InputError(" ".join(rule.split()), key=key, file=config.file) from error


def own_names(config: StudyConfig) -> dict[str, str]:
    """Returns the `package.module:function` that a study file names, by key."""
    named = {"task": config.task, "network": config.network}
    if optimizers := own_optimizers(config):
        named["hyperparameters.optimizer"] = " and ".join(optimizers)
    return {key: name for key, name in named.items() if is_own(name)}


def own_optimizers(config: StudyConfig) -> list[str]:
    """Returns the factories of optimizers among what the study fixes and varies."""
    named = (entry for entry in config.space.entries if entry.name == "optimizer")
    settings = (each for entry in named for each in _values(entry.setting))
    return [str(each) for each in settings if is_own(str(each))]


def _values(setting: Setting) -> tuple[object, ...]:
    if isinstance(setting, Fixed):
        return (setting.value,)
    return setting.values if isinstance(setting, Choice) else ()


def try_step(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task, cost: TrialCost
) -> None:
    """Trains two trials for one step as a worker does, where that takes a moment only.

    What an engine does with a network is more than a forward and a backward pass: it watches its
    layers, and runs several trials at once.

    Args:
        network: Factory of the network.
        hyperparameters: One full configuration.
        task: Its task.
        cost: What a trial of it costs.
    """
    if cost.flops_per_step > FLOPS:
        return
    trials = [
        Trial(number=number, configuration=0, seed=number, hyperparameters=hyperparameters)
        for number in range(2)
    ]
    logger = logging.getLogger("gradscape.engine")
    before, logger.disabled = logger.disabled, True  # The run itself says what it has to say.
    try:
        train_cohort(trials, task=task, network=network, steps=1, statistics="minimal")
    finally:
        logger.disabled = before

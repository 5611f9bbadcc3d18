"""Own code that fails while it is tried: one line and exit code 2, whatever it raises."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
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
        own = [key for key in ("task", "network") if is_own(getattr(config, key))]
        if not own:
            raise
        names = " and ".join(getattr(config, key) for key in own)
        rule = with_line(f"{names} cannot be trained: {text_of(error)}", error)
        key = own[0] if len(own) == 1 else None
        raise InputError(" ".join(rule.split()), key=key, file=config.file) from error


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

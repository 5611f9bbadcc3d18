"""A study whose map is carried to larger sizes: `scaling` in its study file.

The map comes first. Then each larger size is the study's next trials, of the same space but for
the one size and a window of learning rates, which follows from the trials of all smaller sizes
alone: so a run that was broken off finds the same window again and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pandas as pd

from search_spaces.errors import InputError
from study.monitoring.study_result import StudyResult
from study.study_file import Scaling, StudyConfig

Window = Callable[[pd.DataFrame, str, int], tuple[float, float] | None]
"""Finds between which learning rates the edge lies at a size, from trials of smaller ones and the
name of the axis; None where they do not say."""

_logger = logging.getLogger("gradscape.run")


def run_scaled(
    config: StudyConfig,
    run: Callable[[StudyConfig, bool], StudyResult],
    read: Callable[[], pd.DataFrame],
    window: Window,
) -> StudyResult:
    """Runs a study and then, where its file says so, its larger sizes one after another.

    Args:
        config: The study file.
        run: Runs a study file; the second argument says whether it is the last one.
        read: Reads the study's trials table; empty where there is none.
        window: Places the trials at a size.

    Returns:
        The last run's result.

    Raises:
        InputError: If the map is to have more trials although larger sizes were begun.
        Exception: What a run raises.
    """
    scaling = config.scaling
    if scaling is None:
        return run(config, True)
    begun = _begun(config, scaling, read())
    mapped = config.with_changes(scaling=None)
    result = None if begun else run(mapped, False)
    for position, size in enumerate(scaling.sizes):
        if position + 1 < begun:
            continue
        if result is not None and (result.stopped or not result.complete):
            return result
        trials = read()
        rates = window(trials[trials[scaling.axis] < size], scaling.axis, size)
        if rates is None:
            _logger.warning(
                "no trials at %s %d: the sizes below it do not bracket a largest stable learning "
                "rate at two of them; a wider range of learning rates may",
                *(scaling.axis, size),
            )
            return run(mapped, True)
        _logger.info(
            "%s %d: %d trials between learning rates %.3g and %.3g",
            *(scaling.axis, size, scaling.trials, *rates),
        )
        done = trials["trial"].max() + 1 if result is not None else _before(trials, scaling, size)
        larger = config.with_changes(
            hyperparameters=scaling.narrowed(config.hyperparameters, size, rates),
            trials=int(done) + scaling.trials,
            **dict.fromkeys(("scaling", "stop_when", "confirm")),
        )
        result = run(larger, size == scaling.sizes[-1])
    assert result is not None  # There is at least one size.
    return result


def _begun(config: StudyConfig, scaling: Scaling, trials: pd.DataFrame) -> int:
    """Returns how many of the larger sizes have trials already."""
    if trials.empty:
        return 0
    larger = trials[trials[scaling.axis].isin(scaling.sizes)]
    if larger.empty:
        return 0
    mapped = int(larger["trial"].min())
    if config.trials > mapped:
        raise InputError(
            f"the map has its {mapped} trials, and larger sizes were trained behind it: it cannot "
            f"have {config.trials}; give the study another name",
            key="trials",
            file=config.file,
        )
    return 1 + max(scaling.sizes.index(size) for size in larger[scaling.axis].unique())


def _before(trials: pd.DataFrame, scaling: Scaling, size: int) -> int:
    """Returns how many trials the study had before those of a size."""
    return int(trials.loc[trials[scaling.axis] == size, "trial"].min())

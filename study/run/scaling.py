"""A study whose map is carried to larger sizes: `scaling` in its study file.

The map comes first, then more trials at each of its sizes where they are asked for. Then each
larger size is the study's next trials, of the same space but for the one size and a window of
learning rates. A window follows from trials of the map or of all smaller sizes alone: so a run
that was broken off finds the same window again and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from search_spaces.errors import InputError
from study.monitoring.study_result import StudyResult
from study.study_file import Scaling, StudyConfig

Window = Callable[[pd.DataFrame, str, int], tuple[float, float] | None]
"""Finds between which learning rates the edge lies at a size, from its own trials or those of
smaller ones, and the name of the axis; None where they do not say."""

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
    stages = _stages(config, scaling)
    result = None if begun else run(mapped, False)
    for position, stage in enumerate(stages):
        if position + 1 < begun:
            continue
        if result is not None and (result.stopped or not result.complete):
            return result
        trials = read()
        before = _before(config, scaling, trials, position, running=result is not None)
        rates = window(_telling(trials, scaling, stage, before), scaling.axis, stage.size)
        if rates is None:
            _warn(stage, scaling)
            if stage.refines:
                rates = scaling.rates(config.space)
            else:
                return run(mapped, True)
        _logger.info(
            "%s %d: %d trials between learning rates %.3g and %.3g",
            *(scaling.axis, stage.size, stage.trials, *rates),
        )
        further = config.with_changes(
            hyperparameters=scaling.narrowed(config.hyperparameters, stage.size, rates),
            trials=before + stage.trials,
            **dict.fromkeys(("scaling", "stop_when", "confirm")),
        )
        result = run(further, position == len(stages) - 1)
    assert result is not None  # There is at least one size.
    return result


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """Trials at one size: more of a mapped one, or those of a larger one."""

    size: int
    trials: int
    refines: bool


def _stages(config: StudyConfig, scaling: Scaling) -> list[_Stage]:
    mapped = scaling.mapped(config.space) if scaling.refine else []
    return [
        *(_Stage(size=size, trials=scaling.refine, refines=True) for size in mapped),
        *(_Stage(size=size, trials=scaling.trials, refines=False) for size in scaling.sizes),
    ]


def _telling(trials: pd.DataFrame, scaling: Scaling, stage: _Stage, before: int) -> pd.DataFrame:
    """The trials that say where a stage's are to be: its size's own so far, or smaller sizes'."""
    sizes = trials[scaling.axis]
    if stage.refines:
        return trials[(sizes == stage.size) & (trials["trial"] < before)]
    return trials[sizes < stage.size]


def _warn(stage: _Stage, scaling: Scaling) -> None:
    what = f"{scaling.axis} {stage.size}"
    if stage.refines:
        _logger.warning(
            "%s: its trials do not bracket a largest stable learning rate; %d more are spread as "
            "those of the map",
            *(what, stage.trials),
        )
    else:
        _logger.warning(
            "no trials at %s: the sizes below it do not bracket a largest stable learning rate at "
            "two of them; a wider range of learning rates may",
            what,
        )


def _begun(config: StudyConfig, scaling: Scaling, trials: pd.DataFrame) -> int:
    """Returns how many stages behind the map have trials already."""
    if trials.empty:
        return 0
    refined = len(_stages(config, scaling)) - len(scaling.sizes)
    larger = trials[trials[scaling.axis].isin(scaling.sizes)]
    if larger.empty:
        further = int(trials["trial"].max()) + 1 - config.trials
        return min(-(-further // scaling.refine), refined) if refined and further > 0 else 0
    mapped = int(larger["trial"].min()) - refined * scaling.refine
    if config.trials > mapped:
        raise InputError(
            f"the map has its {mapped} trials, and larger sizes were trained behind it: it cannot "
            f"have {config.trials}; give the study another name",
            key="trials",
            file=config.file,
        )
    return refined + 1 + max(scaling.sizes.index(size) for size in larger[scaling.axis].unique())


def _before(
    config: StudyConfig, scaling: Scaling, trials: pd.DataFrame, position: int, *, running: bool
) -> int:
    """Returns how many trials the study had before those of a stage.

    Args:
        config: The study file.
        scaling: Its key.
        trials: So far.
        position: The stage's.
        running: Whether this run has ended what comes before the stage, and not begun it.
    """
    if running:
        return int(trials["trial"].max()) + 1
    stage = _stages(config, scaling)[position]
    if stage.refines:
        return config.trials + position * scaling.refine
    return int(trials.loc[trials[scaling.axis] == stage.size, "trial"].min())

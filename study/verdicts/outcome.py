"""How a trial ended, from its losses and its metric alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.losses import LAST_EXAMPLES, WINDOW, rise_scale
from study.verdicts.label_enum import Label
from study.verdicts.numeric import numbers, numbers_or_nan
from study.verdicts.thresholds import Thresholds


class Outcome(Label):
    """How a trial ended; the first that matches, in this order."""

    NONFINITE = "nonfinite", "a loss, gradient or parameter became NaN or infinite"
    DIVERGED = "diverged", "the loss ended above where it began, or passed all bounds"
    OSCILLATING = (
        "oscillating",
        "short of the task's target, the loss still swings violently or what was learned is lost",
    )
    STALLED = "stalled", "the metric got nowhere from chance"
    SLOW = "slow", "something was learned, short of the task's target"
    TRAINED = "trained", "the metric reached the task's target"


def outcomes(trials: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Finds the outcome of each trial, as the strings of `Outcome`.

    Args:
        trials: The losses and metrics of docs/tables.md. Where the noise of batches was measured
            nothing within it counts; else `batch_size` says how much noise there may be.
        thresholds: Where one outcome ends.

    Returns:
        Strings, with the index of `trials`.
    """
    reached = (progress(trials) >= target_progress(trials)) | aimless(trials)
    conditions = [
        (Outcome.NONFINITE, _nonfinite(trials)),
        (Outcome.DIVERGED, _diverged(trials, thresholds)),
        (
            Outcome.OSCILLATING,
            (_violent(trials, thresholds) | relapsed(trials, thresholds)) & ~reached,
        ),
        # A metric that is NaN shows no progress.
        (Outcome.STALLED, _at_chance(trials, thresholds) & ~reached),
        (Outcome.SLOW, ~reached),
    ]
    names = np.select(
        [holds for _, holds in conditions],
        [outcome.value for outcome, _ in conditions],
        default=Outcome.TRAINED.value,
    )
    return pd.Series(names, index=trials.index, dtype="str", name="outcome")


def aimless(trials: pd.DataFrame) -> np.ndarray:
    """Returns whether a trial has no target, because its loss tells nothing of success, (trials,).

    In a game of two networks one loss falls where the other rises: of such a trial nothing but
    what its gradients and updates show can be judged.
    """
    ended = np.isfinite(numbers(trials, "loss_initial"))
    return np.isnan(numbers(trials, "metric_target")) & ended


def progress(trials: pd.DataFrame) -> np.ndarray:
    """Returns the way of the final metric from chance (0) to ceiling (1); NaN if they are equal.

    Also right for a metric that falls, such as an error with ceiling 0. Shape (trials,).
    """
    return _way(trials, "metric_final")


def target_progress(trials: pd.DataFrame) -> np.ndarray:
    """Returns the way of the task's target from chance (0) to the ceiling (1), (trials,)."""
    return _way(trials, "metric_target")


def relapsed(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Returns whether much of what had been learned was lost again, shape (trials,).

    What never left chance has nothing to lose, however far below chance it ends.
    """
    lost = _way(trials, "metric_best") - np.maximum(progress(trials), 0)
    with np.errstate(invalid="ignore"):
        fall = np.abs(numbers(trials, "metric_best") - numbers(trials, "metric_final"))
    # Of the difference of two windows' means.
    error = window_error(trials, "metric_noise") * np.sqrt(2)
    return (lost > thresholds.relapse) & ~(fall <= thresholds.noise_errors * error)


def metric_noise(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Returns how far the final metric may be off by chance, (trials,); NaN if unknown."""
    return thresholds.noise_errors * _final_error(trials, "metric_noise")


def window_error(trials: pd.DataFrame, noise: str) -> np.ndarray:
    """Returns the standard error of the mean of a window of steps, (trials,); NaN if unknown.

    Args:
        trials: The trials table.
        noise: Column with the standard error of one batch's mean.
    """
    steps = np.fmax(_last_steps(trials), np.fmin(_batches(trials), _steps(trials) // 4))
    return numbers_or_nan(trials, noise) / np.sqrt(steps)


def first_loss_scale(trials: pd.DataFrame) -> np.ndarray:
    """Returns what a rise of the loss is measured against, shape (trials,); see `rise_scale`."""
    return rise_scale(numbers(trials, "loss_initial"), numbers(trials, "loss_chance"))


def swing_limit(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Returns the `loss_movement` a step above which the loss swings violently, (trials,).

    At least a share `swing` of the loss level (the chance loss, or the final loss where that is
    higher), and more than batches differ by chance alone. Where their noise was not measured it
    is assumed, from the batch size.
    """
    level = np.fmax(np.abs(numbers(trials, "loss_chance")), np.abs(numbers(trials, "loss_final")))
    noise = thresholds.swing_errors * numbers_or_nan(trials, "loss_noise")
    batch_size = numbers_or_nan(trials, "batch_size")
    assumed = thresholds.swing_noise / np.sqrt(batch_size) * level
    return np.fmax(thresholds.swing * level, np.where(np.isnan(noise), assumed, noise))


def loss_movement(trials: pd.DataFrame) -> np.ndarray:
    """Returns how far the loss goes back and forth a step at the end, shape (trials,).

    Around its trend; of older studies only the mean change is known, trend included.
    """
    around_trend = numbers_or_nan(trials, "loss_zigzag")
    return np.where(np.isnan(around_trend), numbers(trials, "loss_swing"), around_trend)


def passed_all_bounds(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    """Returns whether some loss was so high that training stopped there, shape (trials,)."""
    highest = numbers(trials, "loss_max")
    return highest > thresholds.divergence_factor * first_loss_scale(trials)


def _nonfinite(trials: pd.DataFrame) -> np.ndarray:
    failed = np.isfinite(numbers(trials, "failure_step"))
    return failed | ~np.isfinite(numbers(trials, "loss_final"))


def _diverged(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # infinite losses, which are an outcome of their own
        rise = numbers(trials, "loss_final") - numbers(trials, "loss_initial")
    risen = rise > thresholds.divergence_rise * first_loss_scale(trials)
    # The first loss is one batch's. Where parameters hardly moved, or the loss ended no worse than
    # the best constant prediction's, a rise may be that batch's luck.
    path = numbers(trials, "update_ratio_median") * numbers(trials, "steps_run")
    chance = numbers(trials, "loss_chance")
    with np.errstate(invalid="ignore"):
        excess = numbers(trials, "loss_final") - chance
    at_chance = excess <= thresholds.divergence_rise * np.abs(chance)
    beyond_noise = rise > thresholds.divergence_noise * numbers(trials, "loss_swing")
    luck = ((path < thresholds.divergence_path) | at_chance) & ~beyond_noise
    # The errors of the first and of the final loss.
    error = np.hypot(
        numbers_or_nan(trials, "loss_initial_error"), _final_error(trials, "loss_noise")
    )
    risen &= ~(rise <= thresholds.noise_errors * error)
    risen &= ~aimless(trials)
    # A term that follows the network, as a codebook's distance from what is encoded, grows while
    # it learns: what reached its target by calm updates did not diverge.
    with np.errstate(invalid="ignore"):
        calm = numbers(trials, "update_ratio_max") <= thresholds.violent_update
        risen &= ~(calm & (progress(trials) >= target_progress(trials)))
    return (risen & ~luck) | passed_all_bounds(trials, thresholds)


def _at_chance(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    way = progress(trials)
    with np.errstate(invalid="ignore"):
        gain = np.abs(numbers(trials, "metric_final") - numbers(trials, "metric_chance"))
    return ~(way >= thresholds.stalled_progress) | (gain <= metric_noise(trials, thresholds))


def _violent(trials: pd.DataFrame, thresholds: Thresholds) -> np.ndarray:
    return loss_movement(trials) > swing_limit(trials, thresholds)


def _final_error(trials: pd.DataFrame, noise: str) -> np.ndarray:
    """Standard error of a final figure: of the last steps' or, if that holds more, a sample's."""
    batches = np.fmax(_last_steps(trials), _batches(trials))
    return numbers_or_nan(trials, noise) / np.sqrt(batches)


def _steps(trials: pd.DataFrame) -> np.ndarray:
    return numbers(trials, "steps_run")


def _last_steps(trials: pd.DataFrame) -> np.ndarray:
    return np.fmin(WINDOW, np.ceil(_steps(trials) / 2))


def _batches(trials: pd.DataFrame) -> np.ndarray:
    """Batches that hold as many examples as are enough; NaN where their size is not known."""
    return LAST_EXAMPLES / numbers_or_nan(trials, "batch_size")


def _way(trials: pd.DataFrame, column: str) -> np.ndarray:
    chance = numbers(trials, "metric_chance")
    span = numbers(trials, "metric_ceiling") - chance
    span = np.where(span == 0, np.nan, span)
    return (numbers(trials, column) - chance) / span

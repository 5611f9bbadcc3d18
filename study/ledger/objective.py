"""The number a trial tells Optuna."""

from __future__ import annotations

import math

OBJECTIVE = "final loss, at most the initial one"
"""What the value of a trial is called in Optuna's dashboard and plots."""

NEVER_TRAINED = 1e6
"""Told when even the first loss is not finite."""


def objective_value(loss_final: float | None, loss_initial: float | None) -> float:
    """Final loss clamped at the initial loss, always finite; lower is better.

    The clamp keeps diverged trials comparable: they count as a network that never trained. A NaN
    would keep Optuna's trial RUNNING.

    Args:
        loss_final: Mean loss of the last steps run, in units of the task; may be NaN, infinite or
            None.
        loss_initial: Loss before any update; may be NaN, infinite or None.

    Returns:
        min(loss_final, loss_initial), the initial loss where the final one is not finite, and
        ``NEVER_TRAINED`` where neither loss can stand for the trial.

    References:
        Sohl-Dickstein, The boundary of neural network trainability is fractal, 2024 (1e6);
        Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities,
        2023 (the clamp).
    """
    if loss_initial is None or not math.isfinite(loss_initial):
        return NEVER_TRAINED
    if loss_final is None or not math.isfinite(loss_final):
        return float(loss_initial)
    return float(min(loss_final, loss_initial))

"""Largest learning rates at which update rules are stable on a quadratic.

The quadratic has one eigenvalue, its sharpness: a loss of sharpness * x^2 / 2. Coupled weight
decay adds to it. Rules are those of torch's optimizers.
"""

from __future__ import annotations


def gradient_descent_limit(sharpness: float, *, weight_decay: float = 0.0) -> float:
    """Returns 2 / sharpness.

    Raises:
        ValueError: If sharpness + weight_decay is not positive: no learning rate is stable.
    """
    return 2 / _curvature(sharpness, weight_decay)


def heavy_ball_limit(sharpness: float, momentum: float, *, weight_decay: float = 0.0) -> float:
    """Returns 2 (1 + momentum) / sharpness, for velocity = momentum * velocity + gradient.

    Raises:
        ValueError: If sharpness + weight_decay is not positive, or momentum not in [0, 1).

    References:
        Polyak 1964; Cohen et al., Gradient Descent on Neural Networks Typically Occurs at the
        Edge of Stability, ICLR 2021, appendix B.
    """
    _check_share("momentum", momentum)
    return 2 * (1 + momentum) / _curvature(sharpness, weight_decay)


def nesterov_limit(sharpness: float, momentum: float, *, weight_decay: float = 0.0) -> float:
    """Returns 2 (1 + momentum) / ((1 + 2 momentum) sharpness).

    Raises:
        ValueError: If sharpness + weight_decay is not positive, or momentum not in [0, 1).

    References:
        Cohen et al. 2021, appendix B.
    """
    _check_share("momentum", momentum)
    return 2 * (1 + momentum) / ((1 + 2 * momentum) * _curvature(sharpness, weight_decay))


def adam_limit(preconditioned_sharpness: float, *, beta1: float = 0.9) -> float:
    """2 (1 + beta1) / ((1 - beta1) sharpness): 38 / sharpness at beta1 = 0.9.

    Args:
        preconditioned_sharpness: Largest eigenvalue of P^-1 H, where P is the diagonal of
            sqrt(v) + epsilon that divides updates, taken as constant.
        beta1: Share of the running mean of gradients that each step keeps.

    Raises:
        ValueError: If the sharpness is not positive, or beta1 not in [0, 1).

    References:
        Cohen et al., Adaptive Gradient Methods at the Edge of Stability, 2022.
    """
    _check_share("beta1", beta1)
    return 2 * (1 + beta1) / ((1 - beta1) * _curvature(preconditioned_sharpness, 0.0))


def _curvature(sharpness: float, weight_decay: float) -> float:
    if not sharpness + weight_decay > 0:
        raise ValueError(
            f"`sharpness + weight_decay > 0` must hold, but got "
            f"sharpness={sharpness}, weight_decay={weight_decay}"
        )
    return sharpness + weight_decay


def _check_share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"`0 <= {name} < 1` must hold, but got {name}={value}")

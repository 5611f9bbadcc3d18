"""Whether a task's inputs tell anything of its targets, without a network.

Two fits that need no training: the vote of the nearest neighbours, and a straight line. Where
neither finds anything, the labels may have been shuffled against the inputs.

Axes: N examples, F numbers of an example, C numbers of a target (labels one-hot).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from study.engine.tasks.spread import spread

EXAMPLES = 1500
"""Examples that are looked at, spread evenly."""

NEIGHBOURS = 10

WIDEST = 4096
"""Numbers of an example up to which it is looked at."""

RIDGE = 1e-2
"""Weight of the penalty of the straight fit, over the number of examples."""

ERRORS = 3.0
"""Standard errors by which a fit must beat the best constant answer."""


def signal(inputs: Tensor, targets: Tensor) -> float | None:
    """Returns how far the better of two fits gets from the best constant (0) to no error (1).

    Args:
        inputs: (N, F) or images (N, channels, height, width); others have none.
        targets: Labels (N,), or numbers (N,) or (N, C).

    Returns:
        0.0 where it is within what chance does; None of sequences, tokens and targets that are
        no single answer, of which these fits say nothing.
    """
    if not inputs.is_floating_point() or inputs.ndim not in (2, 4):
        return None
    if (
        targets.ndim > 2
        or inputs[0].numel() > WIDEST
        or (not targets.is_floating_point() and targets.ndim != 1)
    ):
        return None
    chosen = spread(len(inputs), EXAMPLES)
    x_NxF, wanted_NxC = _scaled(inputs[chosen]), _numbers(targets[chosen])
    if x_NxF is None or len(chosen) < 4 * NEIGHBOURS or not bool(wanted_NxC.isfinite().all()):
        return None
    squares_NxC = (wanted_NxC - wanted_NxC.mean(dim=0)).square()
    whole = float(squares_NxC.sum())
    if whole == 0:
        return None
    fits = (_by_neighbours(x_NxF, wanted_NxC), _by_line(x_NxF, wanted_NxC))
    return max(_way(fit_NxC, wanted_NxC, squares_NxC) for fit_NxC in fits)


def _way(fit_NxC: Tensor, wanted_NxC: Tensor, squares_NxC: Tensor) -> float:
    """The share of the squared error that the fit takes away, 0 within its own noise."""
    gain_N = (squares_NxC - (wanted_NxC - fit_NxC).square()).sum(dim=1)
    error = float(gain_N.std()) / math.sqrt(len(gain_N))
    mean = float(gain_N.mean())
    return mean / float(squares_NxC.sum(dim=1).mean()) if mean > ERRORS * error else 0.0


def _by_neighbours(x_NxF: Tensor, wanted_NxC: Tensor) -> Tensor:
    """The mean of the nearest others, moved towards that of all by what helps most."""
    distances_NxN = torch.cdist(x_NxF, x_NxF)
    distances_NxN.fill_diagonal_(math.inf)
    nearest_NxK = distances_NxN.topk(NEIGHBOURS, largest=False).indices
    off_NxC = wanted_NxC[nearest_NxK].mean(dim=1) - wanted_NxC.mean(dim=0)
    # A mean of ten alone adds a tenth of the targets' variance to the error.
    return wanted_NxC.mean(dim=0) + off_NxC * NEIGHBOURS / (NEIGHBOURS + 10)


def _by_line(x_NxF: Tensor, wanted_NxC: Tensor) -> Tensor:
    """A straight fit to one half of the examples, asked of the other."""
    fit_NxC = torch.empty_like(wanted_NxC)
    halves = torch.arange(len(x_NxF)) % 2 == 0
    for here in (halves, ~halves):
        x, mean = x_NxF[~here], wanted_NxC[~here].mean(dim=0)
        gram = x.T @ x + RIDGE * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
        fit_NxC[here] = mean + x_NxF[here] @ torch.linalg.solve(
            gram, x.T @ (wanted_NxC[~here] - mean)
        )
    return fit_NxC


def _scaled(inputs: Tensor) -> Tensor | None:
    x_NxF = inputs.reshape(len(inputs), -1).double()
    if not bool(x_NxF.isfinite().all()):
        return None
    std_F, mean_F = torch.std_mean(x_NxF, dim=0, correction=0)
    return (x_NxF - mean_F) / torch.where(std_F > 0, std_F, 1.0)


def _numbers(targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        return targets.reshape(len(targets), -1).double()
    labels = targets.long() - int(targets.min())
    return functional.one_hot(labels).double()

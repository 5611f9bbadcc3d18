"""When a trial stops before its last step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from study.losses import rise_scale


@dataclass(frozen=True, kw_only=True)
class Retirement:
    """The last step that counts, and the tensor that was first non-finite, if any was.

    A trial whose verdict was certain ends without either a lost loss or a tensor.
    """

    step: int
    tensor: str | None


def retirement(
    loss: npt.NDArray[np.float64],
    grad_norm: npt.NDArray[np.float64],
    failing_parameter: npt.NDArray[np.int64],
    parameters: Sequence[str],
    *,
    factor: float,
    scale: float = 0.0,
    first: float | None = None,
) -> Retirement | None:
    """The first step at which a trial was lost; None while it goes on.

    Args:
        loss: Loss of steps 0 .. t, shape (t + 1,).
        grad_norm: Unclipped gradient norm of the same steps. A norm that overflows the dtype
            counts as non-finite, as it does for torch's own clipping.
        failing_parameter: Position among `parameters` of the first non-finite gradient, or -1.
        parameters: Names of the network's parameters.
        factor: A loss over this many times the first ends the trial, > 1.
        scale: A loss that is ordinary for the task; stands in for a first loss of zero or below.
        first: The first loss where a larger sample than the first batch tells it; by default the
            loss of step 0.
    """
    with np.errstate(invalid="ignore"):
        nonfinite = ~np.isfinite(loss) | ~np.isfinite(grad_norm)
        diverged = loss > factor * rise_scale(loss[0] if first is None else first, scale)
    lost = np.flatnonzero(nonfinite | diverged)
    if len(lost) == 0:
        return None
    step = int(lost[0])
    if not nonfinite[step]:
        return Retirement(step=step, tensor=None)
    if not np.isfinite(loss[step]):
        return Retirement(step=step, tensor="loss")
    position = int(failing_parameter[step])
    name = parameters[position] if position >= 0 else "norm"
    return Retirement(step=step, tensor=f"gradient:{name}")

"""A test of few numbers in every step: whether gradients and loss are finite."""

from __future__ import annotations

import cmath
import logging
import math
from collections.abc import Mapping, Sequence

from torch import Tensor

from study.watching.first import Suspect, suspect
from study.watching.observing.ranks import first_of, gathered, local
from study.watching.observing.signals import Signals
from study.watching.record import RunRecord

_logger = logging.getLogger("gradscape.watch")

NEAR_ENDS = 4
"""Parameters at either end of a network of which the smallest is looked at in every step."""


class Sentry:
    """Finds the first step that is not finite, and what was first in it.

    Args:
        signals: Of the modules that take part.
        named: Their parameters by name.
    """

    def __init__(self, signals: Sequence[Signals], named: Mapping[str, Tensor]) -> None:
        self._signals = signals
        self._named = named
        self._ends: list[Tensor] = []
        self._in_parts = False
        self._suspect: Suspect | None = None

    def check(self, step: int) -> None:
        """Looks at gradients before the update that would spread what is not finite.

        At both ends of the network: what is not finite in the loss shows at its last layer, and
        may be masked on its way to the first; what a backward pass breaks shows behind that.
        """
        if self._suspect is not None:
            return
        for parameter in self._ends or self._end_parameters():
            gradient = parameter.grad
            if gradient is None:
                continue
            if self._in_parts:
                gradient = local(gradient)
            if not cmath.isfinite(gradient.sum().item()):
                self._suspect = suspect(self._signals, self._named, step=step, updated=False)
                return

    @property
    def suspects(self) -> bool:
        """Whether a gradient was seen that is not finite."""
        return self._suspect is not None

    def conclude(
        self, record: RunRecord, step: int, value: float, loss: object, *, everywhere: bool | None
    ) -> None:
        """Notes the first failure in the record, once the step's loss is known.

        Args:
            record: Where it is noted.
            step: Number of the step.
            value: Its loss; the mean over processes that are joined.
            loss: The same as the loop has it in this process, with its graph.
            everywhere: Whether any of the processes that are joined suspects something, each of
                which comes here; None where none are.
        """
        if record.first_failure is not None:
            return
        failed = everywhere or not math.isfinite(value)
        if failed and self._suspect is None:
            self._suspect = suspect(self._signals, self._named, step=step, updated=True)
        found = None if self._suspect is None else self._suspect.concluded(loss)
        if failed and everywhere is not None:
            found = first_of(gathered(found))
        if found is not None:
            record.failure_step = step
            record.failure_tensor, record.first_failure = found
            _logger.warning("step %d: %s", step, record.first_failure.clause)

    def _end_parameters(self) -> list[Tensor]:
        if not self._ends:
            trained = [value for value in self._named.values() if value.grad is not None]
            for some in (trained[:NEAR_ENDS], trained[-NEAR_ENDS:]):
                self._ends += sorted(some, key=lambda value: value.numel())[:1]
            self._in_parts = any(
                local(each.grad) is not each.grad for each in self._ends if each.grad is not None
            )
        return self._ends

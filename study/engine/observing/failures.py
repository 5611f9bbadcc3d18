"""What was found first in trials that were lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from study.first_failure import FirstFailure


class Failures:
    """Findings by trial, each with its step."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[int, FirstFailure]] = {}

    def note(self, trial: int, step: int, failure: FirstFailure) -> None:
        """Notes a finding; the first one stands.

        After a checkpoint a trial may be looked at again, in a later step.
        """
        self._found.setdefault(trial, (step, failure))

    def at(self, trial: int, step: int) -> FirstFailure | None:
        """Returns what was found in that step: of a later one nothing follows for it."""
        seen, failure = self._found.get(trial, (None, None))
        return failure if seen == step else None

    def state(self) -> list[Any]:
        """Returns everything so far, for a checkpoint."""
        return [
            [trial, step, dataclasses.asdict(failure)]
            for trial, (step, failure) in self._found.items()
        ]

    def load(self, state: Sequence[Any]) -> None:
        """Goes on from a checkpoint."""
        self._found = {trial: (step, FirstFailure(**failure)) for trial, step, failure in state}

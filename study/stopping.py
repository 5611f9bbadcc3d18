"""The study file's `stop: decided`: which decided trials go on, and what they show of the rule."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.tables import TableStore

DECIDED, NEVER = "decided", "never"

STOPS = (NEVER, DECIDED)
"""Values of the study file's `stop`: train to the last step, or until the verdict is certain."""

AUDITED = 0.05
"""Share of decided trials that are trained to the end all the same."""

CERTAIN = "vanishing"
"""The verdict that is certain before the end."""

TOLERATED = 0.01
"""Share of wrong decisions; a rule that exceeds it with 95 % confidence is switched off."""

_logger = logging.getLogger("gradscape.run")

COLUMNS = ("decided_step", "steps_run", "verdict")
"""What `Audit` reads of a trial's row."""


def goes_on(trial: int, seed: int) -> bool:
    """Returns whether a trial is one of those that go on, whatever the rule says.

    A function of the trial alone, so that it is the same in any cohort and after any restart.
    """
    digest = hashlib.sha256(f"goes on: {trial} {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < AUDITED * 2**64


class Audit:
    """What the trials that went on say of the rule; thread-safe.

    Attributes:
        stopped: Trials that ended early.
        audited: Decided trials that went on to the end.
        wrong: Those of them that ended with another verdict.
    """

    def __init__(self) -> None:
        self.stopped = self.audited = self.wrong = 0
        self._lock = threading.Lock()

    def add(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        """Counts finished trials, each with `COLUMNS`."""
        with self._lock:
            trusted = self.trusted
            for row in rows:
                step = row["decided_step"]
                if step is None or step != step:
                    continue
                if row["steps_run"] == step + 1:
                    self.stopped += 1
                else:
                    self.audited += 1
                    self.wrong += row["verdict"] != CERTAIN
            if trusted and not self.trusted:
                _logger.warning(
                    "`stop: decided` was wrong in %d of %d trials that it would have ended and "
                    "that went on: it ends no more trials of this study",
                    self.wrong,
                    self.audited,
                )

    @property
    def trusted(self) -> bool:
        """Whether the rule may go on ending trials: False once it is wrong too often.

        With 95 % confidence, by the exact lower bound (Clopper and Pearson 1934): 1 wrong of 5
        exceeds 1 %, 1 of 10 does not yet.
        """
        if not self.wrong:
            return True
        from scipy.special import betaincinv

        lower = betaincinv(self.wrong, self.audited - self.wrong + 1, 0.05)
        return bool(lower <= TOLERATED)


def audit_of(store: TableStore) -> Audit:
    """What the trials that a study has recorded say of the rule."""
    audit = Audit()
    audit.add(store.read_trials(columns=COLUMNS).to_dict("records"))
    return audit

"""The trials that a run asks for, until there are no more."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from study.lease import Lease
from study.run.new_trials.confirmation import Confirmation
from study.run.new_trials.early_stopping import MapWatch
from study.run.resume import ResumePlan
from study.study_file import StudyConfig
from study.trial import Trial

_logger = logging.getLogger("gradscape.run")


class TrialSource:
    """Asks for the sampler's trials, and for those that confirm a region once these are recorded.

    Args:
        config: The study file.
        resume: Says which trials the study lacks; its ledger makes them.
        lease: The lease on the study, held while it does.
        confirmation: Asks for the trials that confirm a region.

    Attributes:
        left: Trials of the sampler that are still to be asked.
        settled: Why none is asked though some are left; None where that is not so.
    """

    def __init__(
        self,
        config: StudyConfig,
        resume: ResumePlan,
        lease: Lease,
        confirmation: Confirmation,
    ) -> None:
        self._resume = resume
        self._ledger = ledger = resume.ledger
        self._lease = lease
        self._confirmation = confirmation
        rule, verdicts = config.stop_when, ledger.completed_verdicts
        self._map = None if rule is None else MapWatch(rule, config.space, verdicts)
        self.left = resume.new
        self.settled: str | None = None

    @property
    def total(self) -> int:
        """Trials of the study when it is done, those that confirm a region as far as known."""
        return self._resume.total + self._confirmation.added

    @property
    def at_most(self) -> int:
        """How many trials are still to be asked at most."""
        return self.left + self._confirmation.at_most

    def begin(self) -> bool:
        """Returns whether there is anything to ask; where only regions are left it looks."""
        return bool(self.left) or self._confirmation.decide()

    def ask(self, n: int, *, done: int) -> Sequence[Trial] | None:
        """Up to n trials; None if there are none for now, nothing once there are no more.

        Args:
            n: How many are wanted.
            done: Trials of the study that are recorded or have failed.

        Raises:
            StorageUnavailable: If the storage does not answer.
        """
        if self.left and self._map is not None and self._map.settled(self._ledger.completed()):
            self.settled, self.left = self._map.text, 0
            _logger.info("%s", self.settled)
        if not self.left:
            return self._confirmation.ask(n, recorded=done >= self._ledger.next_number)
        with self._lease.writing():
            asked = self._ledger.ask(min(n, self.left))
        self.left -= len(asked)
        return asked

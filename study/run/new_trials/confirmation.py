"""Fresh trials at the end of a run, inside the region that is recommended: does it hold?

They are trials of the study like all others: numbered, asked of the ledger, trained by the
dispatcher, recorded, delivered, resumed. They come in blocks (`numbering.ConfirmingBlock`); before
a block is asked, the study's description says of it where it lies. What comes next is a pure
function of that description and of the recorded trials, so that a run that was broken off goes on
where it stopped.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from search_spaces.samplers import ConfirmingBlock
from search_spaces.settling import refuted
from study.lease import Lease
from study.ledger import TrialLedger
from study.run.new_trials.region import Recommend, Region, results
from study.run.space_history import CONCLUSION_KEY, StudyPlan
from study.study_file import StudyConfig
from study.tables import TableStore
from study.trial import Trial

LOOKS = 3
"""A region may be found wanting after each third of the fresh trials."""

LEAST = 8
"""Fewer trials than this say hardly anything of a region that was narrowed."""

_logger = logging.getLogger("gradscape.run")


class Confirmation:
    """Asks for the trials that confirm a region, until the study's `confirm` is used up.

    Args:
        config: The study file, with the number of fresh trials.
        plan: How the study goes on until now.
        ledger: Takes blocks, and makes their trials.
        store: Has the recorded trials.
        lease: The lease on the study, held while the ledger is written.
        recommend: Finds the region to test; without it nothing is confirmed.

    Attributes:
        plan: How the study goes on now.
    """

    def __init__(
        self,
        config: StudyConfig,
        plan: StudyPlan,
        ledger: TrialLedger,
        store: TableStore,
        lease: Lease,
        recommend: Recommend | None,
    ) -> None:
        self._config = config
        self.plan = plan
        self._ledger = ledger
        self._store = store
        self._lease = lease
        self._recommend = recommend
        self._before = len(plan.versions.numbering.blocks)
        self._search: threading.Thread | None = None
        self._found: ConfirmingBlock | BaseException | None = None

    @property
    def added(self) -> int:
        """How many trials were added to the study."""
        blocks = self.plan.versions.numbering.blocks
        return _trials(blocks[self._before :])

    @property
    def due(self) -> bool:
        """Whether trials are to come, unless no region is found."""
        return bool(self._left_in_block or not self._concluded)

    @property
    def at_most(self) -> int:
        """How many trials are still to come at most."""
        used = 0 if self._concluded else self._config.confirm - _trials(self._round)
        return self._left_in_block + max(0, used)

    def ask(self, n: int, *, recorded: bool) -> Sequence[Trial] | None:
        """Up to n trials; None if there are none for now, nothing once there are no more.

        Args:
            n: How many are wanted.
            recorded: Whether all trials that were asked are recorded, or failed.

        Raises:
            StorageUnavailable: If the storage does not answer; calling again is safe.
            Exception: What the search for a region met with.
        """
        if self._left_in_block:
            with self._lease.writing():
                return self._ledger.ask(min(n, self._left_in_block))
        if self._concluded:
            return []
        if not recorded:
            return None
        if self._search is None:
            self._search = threading.Thread(target=self._look, name="regions", daemon=True)
            self._search.start()
        if self._search.is_alive():
            return None
        if isinstance(self._found, BaseException):
            raise self._found
        self._go_on(self._found)
        self._search = None
        return None if self._left_in_block else []

    def decide(self) -> bool:
        """Looks at once, for a run with nothing else to do; returns whether trials are to come."""
        while self.due and not self._left_in_block:
            self.ask(1, recorded=True)
            if self._search is not None:
                self._search.join()
        return bool(self._left_in_block)

    def _look(self) -> None:
        try:
            self._found = self._next_block()
        except BaseException as error:
            # Raised in a thread it would only be printed: `ask` raises it instead.
            self._found = error

    def _next_block(self) -> ConfirmingBlock | None:
        """The block to train next; None if no further one is worth it."""
        trials, tested = self._store.read_trials(), self._round
        if trials.empty:
            return None
        region = Region.tested(tested[-1]) if tested else self._recommended(trials)
        if region is None:
            _logger.info("no fresh trials: no region is reliably stable")
        while region is not None:
            stable, number = results(trials, region.where)
            if not refuted(stable, number, region.promised):
                return self._block(region)
            _logger.warning(
                "%d of %d fresh trials trained in %s, fewer than expected: it is narrowed",
                stable,
                number,
                region.words,
            )
            region = self._recommended(trials, region.where)
        return None

    def _recommended(
        self, trials: pd.DataFrame, within: Mapping[str, Any] | None = None
    ) -> Region | None:
        assert self._recommend is not None
        said = self._recommend(trials, within)
        return None if said is None else Region.found(said)

    def _block(self, region: Region) -> ConfirmingBlock | None:
        budget, tested = self._config.confirm, self._round
        new = not tested or dict(tested[-1].where) != dict(region.where)
        # A region that was tested when the study was smaller has those trials already.
        numbering = self.plan.versions.numbering
        earlier = [each for each in numbering.blocks if dict(each.where) == dict(region.where)]
        used = _trials({each.first: each for each in [*tested, *earlier]}.values())
        size = min(-(-budget // LOOKS), budget - used)
        if size <= 0 or (new and tested and size < LEAST):
            return None
        if new:
            _logger.info("confirming %s with up to %d fresh trials", region.words, budget - used)
        first = self._ledger.next_number
        return ConfirmingBlock(
            first=first,
            trials=size,
            where=dict(region.where),
            promised=region.promised,
            place=numbering.place(first),
        )

    def _go_on(self, block: ConfirmingBlock | None) -> None:
        if block is None:
            plan = self.plan.concluded({"place": self._place, "confirm": self._config.confirm})
        else:
            plan = self.plan.with_block(block)
        with self._lease.writing():
            self._ledger.go_on(plan.for_ledger(self._config))
        self.plan = plan

    @property
    def _place(self) -> int:
        return self.plan.versions.numbering.place(self._ledger.next_number)

    @property
    def _round(self) -> list[ConfirmingBlock]:
        """The blocks of the study as large as it is now."""
        blocks = self.plan.versions.numbering.blocks
        return [each for each in blocks if each.place == self._place]

    @property
    def _left_in_block(self) -> int:
        """Trials of the last block that were not asked yet."""
        blocks = self.plan.versions.numbering.blocks
        return max(0, blocks[-1].end - self._ledger.next_number) if blocks else 0

    @property
    def _concluded(self) -> bool:
        if self._recommend is None or not self._config.confirm:
            return True
        said = self.plan.description.get(CONCLUSION_KEY, {})
        return said.get("place") == self._place and said["confirm"] >= self._config.confirm


def _trials(blocks: Iterable[ConfirmingBlock]) -> int:
    return sum(each.trials for each in blocks)

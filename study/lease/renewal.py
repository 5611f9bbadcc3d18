"""Keeping a study while it is worked on, and noticing when somebody has taken it over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from study.errors import LeaseLost, LeaseUncertain
from study.lease.claim import Claim
from study.lease.holder import Holder

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLOSING_S = 5.0
"""How long the end of a run waits for a renewal that is under way."""


class Lease:
    """The claims of a process on one study, renewed in the background; made by `hold`.

    What is written to the study is written inside `writing`, and committed after a `check`. Once
    the lease is lost no write begins and none commits; when those under way have ended, whoever
    took it over gets to know that and begins.

    Args:
        claims: All taken already, in the order in which they were.
        on_lost: Called once, from any thread, when the lease is lost.
    """

    def __init__(self, claims: Sequence[Claim], on_lost: Callable[[LeaseLost], None]) -> None:
        self._kept = [_Kept(claim) for claim in claims]
        self._on_lost = on_lost
        self._changed = threading.Condition()
        self._lost: LeaseLost | None = None
        self._writers = 0
        self._closing = False
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> LeaseLost | None:
        """Who took the study over; None while it is held."""
        return self._lost

    @property
    def uncertain(self) -> str | None:
        """Why somebody else may hold the study by now without our knowing; None if nobody can."""
        reasons = [kept.reason for kept in self._kept if kept.overdue]
        return reasons[0] if reasons else None

    @contextmanager
    def writing(self, *, certain: bool = False) -> Iterator[None]:
        """Around each write; what it commits to is preceded by a `check` of its own.

        Args:
            certain: Refuse while somebody else may hold the study without our knowing, as for
                what another driver would do a second time.

        Raises:
            LeaseLost: If the study is somebody else's; the write does not begin.
            LeaseUncertain: If it may be somebody else's, where `certain` is asked for.
        """
        self._renew_stale()
        if certain and (reason := self.uncertain) is not None:
            raise LeaseUncertain(f"{reason}; so another driver may have the study by now")
        with self._changed:
            if self._lost is not None:
                raise self._lost
            if self._closing:
                raise LeaseLost("a write came too late: the run has let go of the study")
            self._writers += 1
        try:
            yield
        finally:
            with self._changed:
                self._writers -= 1
                self._changed.notify_all()

    def check(self) -> None:
        """Raises LeaseLost if the study is somebody else's; called right before each commit.

        A process that was stopped meanwhile, or whose machine slept, asks again who holds it.
        """
        with self.writing():
            pass

    def check_in(self, connection: Connection) -> None:
        """`check` in a transaction that is about to commit, see `Claim.check_in`."""
        for kept in self._kept:
            try:
                kept.claim.check_in(connection)
            except LeaseUncertain as error:
                kept.reason = str(error)
            except LeaseLost as error:
                self._lose(error)
                raise

    def close(self) -> None:
        """Ends the renewing and lets go of the study."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSING_S)

    def _keep(self) -> None:
        while not self._over():
            for kept in self._kept:
                if kept.due:
                    self._renew(kept)
        if self._lost is not None:
            with self._changed:
                self._changed.wait_for(lambda: not self._writers)
        for kept in reversed(self._kept):
            kept.let_go(lost=self._lost is not None)

    def _over(self) -> bool:
        period_s = min((kept.claim.renew_s for kept in self._kept), default=None)
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._lost, period_s)
            return self._closing or self._lost is not None

    def _renew_stale(self) -> None:
        for kept in self._kept:
            if kept.stale:
                self._renew(kept)

    def _renew(self, kept: _Kept) -> None:
        try:
            kept.renew()
        except LeaseLost as error:
            self._lose(error)

    def _lose(self, error: LeaseLost) -> None:
        with self._changed:
            first = self._lost is None
            self._lost = self._lost or error
            self._changed.notify_all()
        if first:
            self._on_lost(error)


def _now() -> float:
    """Seconds that go on while the machine sleeps, which `time.monotonic` leaves out on Linux."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class _Kept:
    """A claim and when it was last renewed."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.reason: str | None = None
        self._lock = threading.Lock()
        self._renewed_at = self._tried_at = self._answered_at = _now()

    @property
    def due(self) -> bool:
        return _now() - self._tried_at >= self.claim.renew_s

    @property
    def stale(self) -> bool:
        # By the last answer: while a process that woke up asks who holds the study, no other
        # thread of it may take that for having asked.
        return _now() - self._answered_at >= self.claim.fresh_s

    @property
    def overdue(self) -> bool:
        return _now() - self._renewed_at >= self.claim.term_s

    def renew(self) -> None:
        with self._lock:
            self._tried_at = started = _now()
            try:
                self.claim.renew()
            except LeaseUncertain as error:
                self.reason = str(error)
                self._answered_at = started
                return
            self._renewed_at, self._answered_at, self.reason = started, started, None

    def let_go(self, *, lost: bool) -> None:
        """Lets go of the claim; not while another thread asks who holds it."""
        with self._lock:
            if lost:
                self.claim.step_back()
            self.claim.release()


@contextmanager
def hold(
    claims: Sequence[Claim],
    holder: Holder,
    *,
    take_over: bool = False,
    on_notice: Callable[[str], None] = lambda notice: None,
    on_lost: Callable[[LeaseLost], None] = lambda error: None,
) -> Iterator[Lease]:
    """Holds a study while the block runs.

    Args:
        claims: What has to be held, all of it.
        holder: This process.
        take_over: Take the study from whoever holds it.
        on_notice: Told from whom it was taken.
        on_lost: Called once, from any thread, when somebody else has taken it.

    Raises:
        InputError: If another process holds it: who, since when, until when.
        StorageUnavailable: If the storage does not answer.
    """
    taken: list[Claim] = []
    try:
        for claim in claims:
            notice = claim.take(holder, take_over=take_over)
            taken.append(claim)
            if notice is not None:
                on_notice(notice)
    except BaseException:
        for claim in reversed(taken):
            claim.release()
        raise
    lease = Lease(taken, on_lost)
    try:
        yield lease
    finally:
        lease.close()

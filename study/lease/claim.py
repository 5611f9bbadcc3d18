"""The contract of every way to hold a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from search_spaces.errors import InputError
from study.errors import LeaseLost
from study.lease.holder import Holder

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Claim(Protocol):
    """One way to hold a study. Used by one thread at a time.

    Attributes:
        renew_s: Time between renewals.
        fresh_s: Time after a renewal in which it need not be asked again before a write.
        term_s: Time after which an unrenewed claim is anybody's; infinite where the system
            itself lets go of what a dead process holds.
    """

    renew_s: float
    fresh_s: float
    term_s: float

    def take(self, holder: Holder, *, take_over: bool) -> str | None:
        """Hold the study.

        Args:
            holder: This process.
            take_over: Take it from whoever holds it; who is still there gets a moment to end
                the write that it is in.

        Returns:
            From whom it was taken and why; None if nobody held it.

        Raises:
            InputError: If somebody holds it: who, since when, until when.
            StorageUnavailable: If the storage does not answer.
        """

    def renew(self) -> None:
        """Go on holding it.

        Raises:
            LeaseLost: If somebody took it over.
            LeaseUncertain: If that cannot be found out at present.
        """

    def check_in(self, connection: Connection) -> None:
        """See that it is still held, in a transaction that is about to commit.

        A claim that is a row of the same data base can be taken over only once the transaction
        has ended.

        Raises:
            LeaseLost: If somebody took it over.
            LeaseUncertain: If that cannot be found out at present.
        """

    def step_back(self) -> None:
        """Tell whoever took it over that nothing more is written."""

    def release(self) -> None:
        """Let go of it."""


def held(study: str, who: str, until: str) -> InputError:
    """The error of a driver that finds the study held by another.

    Args:
        study: Name of the study.
        who: The holder, and since when.
        until: When the holding ends by itself, as a clause.
    """
    return InputError(
        f"study {study} is being run by {who}; {until}; wait for it, stop it, or take the study "
        f"over with --take-over"
    )


def lost(study: str, by: str) -> LeaseLost:
    """What a former holder says at its end."""
    return LeaseLost(f"study {study} was taken over by {by}")

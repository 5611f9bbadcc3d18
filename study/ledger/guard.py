"""Commits to a storage that happen only while the study is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import sqlalchemy as sa

_CHANGES = ("INSERT", "UPDATE", "DELETE")
_CHANGED = "gradscape_changed"


class Guard(Protocol):
    """Says whether the study is still ours, see `study.lease.Lease`; raises if it is not."""

    def check(self) -> None:
        """Called right before a file is changed."""

    def check_in(self, connection: sa.Connection) -> None:
        """Called in each transaction that has changed something, right before it commits."""


def guard_engine(engine: sa.Engine, check_in: Callable[[sa.Connection], None]) -> None:
    """Has the check made inside each transaction that changes something, as its last step.

    What the check raises rolls the transaction back. So between the check and the commit nobody
    can take a study over that is held by a row of the same data base.
    """

    import sqlalchemy as sa

    def begin(connection: sa.Connection) -> None:
        connection.info.pop(_CHANGED, None)  # Of a transaction that was rolled back.

    def note(connection: sa.Connection, cursor: object, statement: str, *others: Any) -> None:
        if statement.lstrip().upper().startswith(_CHANGES):
            connection.info[_CHANGED] = True

    def confirm(connection: sa.Connection) -> None:
        if connection.info.pop(_CHANGED, False):
            check_in(connection)

    sa.event.listen(engine, "begin", begin)
    sa.event.listen(engine, "before_cursor_execute", note)
    sa.event.listen(engine, "commit", confirm)

"""Holding a study whose storage is a data base: a row of a small table beside Optuna's.

Optuna's own attributes cannot hold it: they are written whatever stood there, and two
drivers would both believe that they hold the study. Here each change is one UPDATE with a WHERE
that names the holder it replaces, which the data base carries out for one of them only. Times
are the data base's: the clocks of the hosts need not agree.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from study.databases import make_engine
from study.errors import LeaseLost, LeaseUncertain, StorageUnavailable, first_line
from study.lease.claim import held, lost
from study.lease.holder import Holder, clock_text
from study.secrets import masked, redacted

TERM_S = 60.0
"""Time after the last renewal until anybody may have the study."""

_ROWS = sa.Table(
    "gradscape_leases",
    sa.MetaData(),
    sa.Column("study", sa.String(100), primary_key=True),
    sa.Column("token", sa.String(32), nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("since", sa.Double, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("former", sa.String(32)),
)
"""Times in seconds since 1970. `former` is who has yet to say that it stepped back."""

_FREE = 0.0
"""When the lease of a study expires that nobody holds."""

_CLOCKS: Mapping[str, str] = MappingProxyType(
    {
        # Not now(), which stands still in a transaction.
        "postgresql": "cast(extract(epoch from clock_timestamp()) as double precision)",
        "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
        "mysql": "(unix_timestamp(sysdate(6)) + 0.0e0)",
        "mariadb": "(unix_timestamp(sysdate(6)) + 0.0e0)",
    }
)
"""Seconds since 1970 by the data base's own clock."""


class LeaseTable:
    """Implements `Claim`.

    Args:
        url: Address of the data base as SQLAlchemy takes it, password included.
        study: Name of the study, the key of the lease's row.
        term_s: Seconds after the last renewal until anybody may have the study.
    """

    def __init__(self, url: str, *, study: str, term_s: float = TERM_S) -> None:
        self._url = url
        self._study = study
        self.term_s = term_s
        self.renew_s = term_s / 6
        self.fresh_s = term_s / 30
        self._grace_s = term_s / 4  # More than it takes a holder to renew, so to see it.
        self._token = ""
        try:
            self._engine = make_engine(url)
        except Exception as error:
            raise self._unavailable(error) from None
        self._now: sa.ColumnElement[float] = sa.literal_column(
            _CLOCKS[self._engine.dialect.name], sa.Double()
        )

    def take(self, holder: Holder, *, take_over: bool) -> str | None:
        try:
            self._make_table()
            taken, waits = self._take(holder, take_over)
            self._token = holder.token
            if waits:
                self._wait_for_former()
            return taken
        except SQLAlchemyError as error:
            raise self._unavailable(error) from None

    def renew(self) -> None:
        try:
            if not self._update(
                {"expires": self._now + self.term_s}, _ROWS.c.token == self._token
            ):
                with self._engine.connect() as connection:
                    raise self._lost(connection)
        except SQLAlchemyError as error:
            raise LeaseUncertain(str(self._unavailable(error))) from None

    def check_in(self, connection: sa.Connection) -> None:
        mine = (_ROWS.c.study == self._study) & (_ROWS.c.token == self._token)
        # Shared: the row's lock is kept until the commit, and a taker waits for it. SQLite has
        # no such clause and needs none: a transaction that changes anything is alone.
        row = sa.select(_ROWS.c.token).where(mine).with_for_update(read=True)
        if connection.execute(row).one_or_none() is None:
            raise self._lost(connection)

    def step_back(self) -> None:
        self._quietly(sa.update(_ROWS).values(former=None), _ROWS.c.former == self._token)

    def release(self) -> None:
        # The row stays: a former holder that wakes up later can say by whom it was replaced.
        self._quietly(sa.update(_ROWS).values(expires=_FREE), _ROWS.c.token == self._token)
        self._engine.dispose()

    def _take(self, holder: Holder, take_over: bool) -> tuple[str | None, bool]:
        """From whom, and whether that one is to step back first."""
        while True:
            row = self._row()
            if row is None:
                if self._insert(holder):
                    return None, False
                continue
            unchanged = _ROWS.c.token == row["token"]
            mine = {**self._values(holder), "former": None}
            former = Holder.from_json(row["holder"])
            taken = f"study {self._study} was taken over from {_holder_text(row)}"
            if row["expires"] == _FREE:
                if self._update(mine, unchanged & (_ROWS.c.expires == _FREE)):
                    return None, False
            elif row["expires"] < row["now"]:
                if self._update(mine, unchanged & (_ROWS.c.expires < self._now)):
                    return f"{taken}, whose lease ended at {clock_text(row['expires'])}", False
            elif former is not None and former.is_gone:
                if self._update(mine, unchanged):
                    return f"{taken}, which is no longer there", False
            elif not take_over:
                until = clock_text(row["expires"])
                raise held(
                    self._study,
                    _holder_text(row),
                    f"its lease ends at {until} unless it is renewed",
                )
            elif self._update(mine | {"former": row["token"]}, unchanged):
                return taken, True

    def _wait_for_former(self) -> None:
        patient_until = time.monotonic() + self._grace_s
        while time.monotonic() < patient_until:
            row = self._row()
            if row is None or row["former"] is None:
                return
            time.sleep(min(0.5, self._grace_s / 10))

    def _make_table(self) -> None:
        try:
            _ROWS.create(self._engine, checkfirst=True)
        except SQLAlchemyError:
            # Two drivers at once: the other one has made it.
            if not sa.inspect(self._engine).has_table(_ROWS.name):
                raise

    def _row(self) -> Mapping[str, Any] | None:
        with self._engine.connect() as connection:
            return self._row_in(connection)

    def _row_in(self, connection: sa.Connection) -> Mapping[str, Any] | None:
        columns = [*_ROWS.c, self._now.label("now")]
        wanted = sa.select(*columns).where(_ROWS.c.study == self._study)
        row = connection.execute(wanted).one_or_none()
        return None if row is None else dict(row._mapping)

    def _lost(self, connection: sa.Connection) -> LeaseLost:
        row = self._row_in(connection)
        if row is None:
            return LeaseLost(f"the lease on study {self._study} was removed")
        return lost(self._study, _holder_text(row))

    def _values(self, holder: Holder) -> dict[str, Any]:
        times = {"since": self._now, "expires": self._now + self.term_s}
        return {"token": holder.token, "holder": holder.to_json(), **times}

    def _insert(self, holder: Holder) -> bool:
        values = {"study": self._study, **self._values(holder)}
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_ROWS).values(**values))
        except IntegrityError:
            return False  # Another driver was faster.
        return True

    def _update(self, values: Mapping[str, Any], condition: sa.ColumnElement[bool]) -> bool:
        of_study = _ROWS.c.study == self._study
        with self._engine.begin() as connection:
            done = connection.execute(sa.update(_ROWS).where(of_study, condition).values(**values))
            return done.rowcount == 1

    def _quietly(self, statement: sa.Update, condition: sa.ColumnElement[bool]) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(statement.where(_ROWS.c.study == self._study, condition))
        except SQLAlchemyError:
            pass  # The lease expires by itself.

    def _unavailable(self, error: Exception) -> StorageUnavailable:
        reason = redacted(first_line(error), self._url)
        return StorageUnavailable(f"storage {masked(self._url)} does not answer: {reason}")


def _holder_text(row: Mapping[str, Any]) -> str:
    holder = Holder.from_json(row["holder"])
    return f"{holder or 'another process'} since {clock_text(row['since'])}"

"""A journal with numbers, states and failures of trials alone, at a quarter of the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend
from optuna.storages.journal._storage import JournalOperation

from study.ledger.journal import operation_of
from study.ledger.stored_trials import FAILURE

_CONTENT = tuple(
    b'"op_code":%d,' % operation
    for operation in (
        JournalOperation.SET_TRIAL_PARAM,
        JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE,
        JournalOperation.SET_TRIAL_USER_ATTR,
        JournalOperation.SET_TRIAL_SYSTEM_ATTR,
    )
)
"""How lines begin, behind a brace, that add to a trial and leave its state."""

_FAILURE = f'"user_attr":{{"{FAILURE}":'.encode()
"""Stands in a line that says why a trial failed; there are few."""

_HELD = ("params", "distributions", "user_attrs", "system_attrs")


class JournalOutline(BaseJournalBackend):
    """A journal backend to read once; Optuna's storage on it knows no more than these.

    Args:
        path: The journal file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = False

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        if self._read:
            return
        self._read = True
        with self._path.open("rb") as file:
            for number, line in enumerate(file):
                if not line.endswith(b"\n"):
                    return
                if not line.startswith(_CONTENT, 1) or _FAILURE in line:
                    log = operation_of(line, number, self._path)
                    yield {key: value for key, value in log.items() if key not in _HELD}

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise NotImplementedError("an outline of a journal is not written")

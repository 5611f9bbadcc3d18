"""Asks for new trials while Optuna's storage may be unavailable for a while."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from study.errors import StorageUnavailable
from study.trial import Trial

OUTAGE_LIMIT_S = 600.0
"""How long the storage may be unavailable; then what is training is finished and the run ends."""

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0

_logger = logging.getLogger("gradscape.run")


class RetryingAsk:
    """Asks the ledger; gives nothing while its storage is unavailable, and never blocks.

    A thread of its own finds out whether it is back, so that training goes on with what was
    asked before.

    Args:
        ask: Samples up to so many trials; raises StorageUnavailable while it cannot.
        check: Raises StorageUnavailable while the storage does not answer.
        limit_s: How long it may be unavailable, in seconds.
    """

    def __init__(
        self,
        ask: Callable[[int], Sequence[Trial] | None],
        *,
        check: Callable[[], None],
        limit_s: float = OUTAGE_LIMIT_S,
    ) -> None:
        self._ask = ask
        self._check = check
        self._limit_s = limit_s
        self._outage = threading.Event()
        self._failure: StorageUnavailable | None = None

    def __call__(self, n: int) -> Sequence[Trial] | None:
        """``n`` trials, fewer if there are no more; None if there are none for now.

        Raises:
            StorageUnavailable: If the storage has been unavailable for longer than the limit.
        """
        if self._failure is not None:
            raise self._failure
        if self._outage.is_set():
            return None
        try:
            return self._ask(n)
        except StorageUnavailable as error:
            self._outage.set()
            _logger.warning("%s; training goes on with the trials that were asked before", error)
            threading.Thread(
                target=self._wait, args=(str(error),), name="asking", daemon=True
            ).start()
            return None

    def _wait(self, reason: str) -> None:
        started, pause_s = time.monotonic(), FIRST_RETRY_S
        while (left_s := started + self._limit_s - time.monotonic()) > 0:
            time.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, LAST_RETRY_S)
            try:
                self._check()
            except StorageUnavailable as error:
                reason = str(error)
                continue
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                break
            _logger.info("Optuna's storage answers again; new trials are asked")
            self._outage.clear()
            return
        self._failure = StorageUnavailable(
            f"{reason} (for {self._limit_s / 60:g} minutes); what was trained is recorded, the "
            "same command goes on when it is back"
        )

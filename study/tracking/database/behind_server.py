"""The data base behind an MLflow server, where a study names both."""

from __future__ import annotations

import logging

from study.secrets import masked
from study.tracking.database.bulk import BulkWriter
from study.tracking.errors import tracking_errors

_logger = logging.getLogger("gradscape.tracking")


def behind_server(database: str, server: str, parent: str, key: str) -> BulkWriter | None:
    """What writes runs into the data base behind a server; None if it must go through the server.

    Args:
        database: Address of the data base.
        server: Address of the server.
        parent: A run that the server has just made, by which its data base is known.
        key: The study's.

    Raises:
        TrackingUnavailable: If the data base does not answer.
    """
    with tracking_errors(database, opening=True):
        writer = BulkWriter.of(database, key=key)
        if writer is not None and writer.has(parent):
            return writer
    problem = (
        "has no tables of this MLflow" if writer is None else "is not the one behind the server"
    )
    _logger.warning(
        "tracking.database: %s %s, so the runs of trials go through MLflow at %s, which is slower",
        masked(database),
        problem,
        masked(server),
    )
    return None

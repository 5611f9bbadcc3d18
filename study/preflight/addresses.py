"""Two addresses that each are right and do not go together."""

from __future__ import annotations

from urllib.parse import urlsplit

from search_spaces.errors import InputError
from study.study_file import StudyConfig


def check_addresses(config: StudyConfig) -> None:
    """Optuna and MLflow both keep a table alembic_version, and each fails on the other's.

    Raises:
        InputError: If storage and tracking_uri, or the data base behind it, name one data base; if
            that stands there without the server.
    """
    behind = config.tracking.database
    if behind is not None and not _names_server(config.tracking_uri):
        raise InputError(
            "is the data base behind the MLflow server that tracking_uri names, but that names no "
            "server; a data base without one is named by tracking_uri itself",
            key="tracking.database",
        )
    for key, address in (("tracking_uri", config.tracking_uri), ("tracking.database", behind)):
        if address is not None and config.storage is not None:
            _check_apart(config.storage, address, key)


def _names_server(tracking_uri: str | None) -> bool:
    # Here: few studies name such a data base, and SQLAlchemy comes with it.
    from study.tracking import is_server

    return tracking_uri is not None and is_server(tracking_uri)


def _check_apart(storage: str, address: str, key: str) -> None:
    first, second = (
        (url.scheme.partition("+")[0], url.netloc.rpartition("@")[2].lower(), url.path)
        for url in map(urlsplit, (storage, address))
    )
    if first == second and first[0]:
        raise InputError(
            f"Optuna and MLflow need a data base each, but storage and {key} name the same one",
            key=key,
        )

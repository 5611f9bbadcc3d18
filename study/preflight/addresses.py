"""Two addresses that each are right and do not go together."""

from __future__ import annotations

from urllib.parse import urlsplit

from search_spaces.errors import InputError
from study.study_file import StudyConfig


def check_addresses(config: StudyConfig) -> None:
    """Optuna and MLflow both keep a table alembic_version, and each fails on the other's.

    Raises:
        InputError: If storage and tracking_uri name one data base.
    """
    if config.storage is not None and config.tracking_uri is not None:
        urls = [urlsplit(address) for address in (config.storage, config.tracking_uri)]
        first, second = (
            (url.scheme.partition("+")[0], url.netloc.rpartition("@")[2].lower(), url.path)
            for url in urls
        )
        if first == second and first[0]:
            raise InputError(
                "Optuna and MLflow need a data base each, but storage and tracking_uri name the "
                "same one",
                key="tracking_uri",
            )

"""Whether Optuna can keep a study in a data base that it has used before."""

from __future__ import annotations

from optuna.storages import RDBStorage

from study.databases import connect_arguments
from study.secrets import redacted


def version_problem(url: str) -> str | None:
    """Why this Optuna cannot read the tables of another; None if it can. Nothing is written."""
    try:
        options = {"connect_args": connect_arguments(url)}
        storage = RDBStorage(url, engine_kwargs=options, skip_table_creation=True)
        storage.remove_session()
        storage.engine.dispose()
    except RuntimeError as error:
        text = str(error).partition(". ")[0]
        return redacted(f"{text}; upgrade it with: optuna storage upgrade --storage URL", url)
    except Exception:
        return None  # Whether it can be reached is found out elsewhere.
    return None

"""What an existing study says about itself, read without making anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna

from study.ledger.storage import open_storage
from study.ledger.trial_ledger import DESCRIPTION


def stored_description(*, name: str, storage: str | Path) -> Mapping[str, Any]:
    """The description that `open_ledger` kept with the study; empty if there is no such study.

    Raises:
        StorageUnavailable: If the storage cannot be opened.
    """
    if "://" not in str(storage) and not Path(storage).exists():
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    opened = open_storage(storage)
    known = {one.study_name: one for one in opened.storage.get_all_studies()}
    if name not in known:
        return {}
    description: Mapping[str, Any] = known[name].user_attrs.get(DESCRIPTION, {})
    return description

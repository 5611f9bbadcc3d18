"""What an existing study says about itself, read without making anything."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage

from search_spaces.errors import InputError
from study.errors import StorageUnavailable
from study.ledger.storage import open_storage
from study.ledger.trial_ledger import DESCRIPTION
from study.secrets import masked, redacted


def stored_study(*, name: str, storage: str | Path) -> tuple[Mapping[str, Any], int]:
    """The description kept with a study, and its number of trials; nothing if there is none.

    Raises:
        InputError: If there is a study of this name that gradscape did not make.
        StorageUnavailable: If the storage cannot be opened.
    """
    if not is_made(storage):
        return {}, 0
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Of another version of Optuna: else this one's tables would be made among that one's before it
    # is found out that the two do not fit.
    try:
        with closing(open_storage(storage, make_tables=False)) as opened:
            return known_study(name, opened.storage)
    except optuna.exceptions.StorageInternalError as error:
        reason = redacted(str(error), str(storage))
        raise StorageUnavailable(f"storage {masked(str(storage))} failed: {reason}") from None


def is_made(storage: str | Path) -> bool:
    """Whether Optuna's storage is there; opening one that is not would make it.

    Of a data base that cannot be asked it says yes: opening it then tells why.
    """
    if "://" not in str(storage):
        return Path(storage).exists()
    from study.databases import has_table

    try:
        return has_table(str(storage), "studies")
    except Exception:
        return True


def known_study(name: str, storage: BaseStorage) -> tuple[Mapping[str, Any], int]:
    """The same of an open storage.

    Raises:
        InputError: If there is a study of this name that gradscape did not make.
    """
    try:
        study_id = storage.get_study_id_from_name(name)
    except KeyError:
        return {}, 0
    attributes, trials = storage.get_study_user_attrs(study_id), storage.get_n_trials(study_id)
    # Without trials it may be one that was being made when its driver died.
    if DESCRIPTION not in attributes and trials:
        raise InputError(
            f"the storage has an Optuna study {name} of {trials} trials that gradscape did not "
            "make, and its trials would be mixed with those; give this one another name, or "
            "another storage",
            key="study",
        )
    return attributes.get(DESCRIPTION, {}), trials

"""No secret stands in a study file, which is stored, sent to MLflow and uploaded with jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from search_spaces.catalogue import CATALOGUE
from search_spaces.errors import InputError
from search_spaces.values import as_number
from study.secrets import MASK, refuse_secrets
from study.study_file.environment import Expanded

ADDRESSES = ("tracking_uri", "storage")
"""Keys that may hold a password, and that only those who run the study can reach."""

TRACKING, DATABASE = "tracking", "database"
"""The same for a key within another."""

_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_COMMENT = re.compile(r"(?:^|\s)#.*", re.M)
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S+")


def refuse_secrets_in_file(text: str, values: Mapping[str, object]) -> None:
    """Refuses a study file with a password or token in an address, wherever it stands.

    Args:
        text: The file as written: comments are stored too.
        values: What it says, each `${VAR}` as written.

    Raises:
        InputError: If there is one.
    """
    for key in ADDRESSES:
        refuse_secrets(values.get(key), key=key)
    refuse_secrets(_database(values), key=f"{TRACKING}.{DATABASE}")
    for key, value in values.items():
        _refuse_inside(value, str(key))
    for comment in _COMMENT.findall(text):
        for address in _ADDRESS.findall(comment):
            # What closes a sentence or a quotation is not of the address.
            refuse_secrets(_REFERENCE.sub(MASK, address).rstrip("\"'`)]},.;:"), key="a comment")


def without_addresses(
    values: Mapping[str, object], which: Callable[[object], object] = lambda address: True
) -> dict[str, object]:
    """A study file's values without its addresses.

    Args:
        values: What it says, each `${VAR}` as written.
        which: Whether an address is to be left out.
    """
    kept = {key: each for key, each in values.items() if key not in ADDRESSES or not which(each)}
    tracking = values.get(TRACKING)
    if isinstance(tracking, Mapping) and which(_database(values)):
        kept[TRACKING] = {key: each for key, each in tracking.items() if key != DATABASE}
    return kept


def refuse_stored_references(hyperparameters: object) -> None:
    """Refuses text of the environment as a hyperparameter: tables, MLflow and reports show it.

    A number, and a name that the catalogue has, may come from there.

    Args:
        hyperparameters: As in the study file, each `${VAR}` read.

    Raises:
        InputError: If one of a person's own network or task is such a text.
    """
    if not isinstance(hyperparameters, Mapping):
        return
    for name, given in hyperparameters.items():
        values = given if isinstance(given, (list, tuple)) else [given]
        for value in values:
            if isinstance(value, Expanded) and name not in CATALOGUE and as_number(value) is None:
                raise InputError(
                    f"is stored with the study and shown in its report, so {value.written} must "
                    "not stand here unless it is a number; let your code read the variable itself",
                    key=f"hyperparameters.{name}",
                )


def _database(values: Mapping[str, object]) -> object:
    tracking = values.get(TRACKING)
    return tracking.get(DATABASE) if isinstance(tracking, Mapping) else None


def _refuse_inside(value: object, key: str) -> None:
    if isinstance(value, Mapping):
        for name, each in value.items():
            _refuse_inside(each, f"{key}.{name}")
    elif isinstance(value, (list, tuple)):
        for each in value:
            _refuse_inside(each, key)
    elif isinstance(value, str) and "://" in value:
        refuse_secrets(value, key=key)

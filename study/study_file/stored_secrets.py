"""No secret stands in a study file, which is stored, sent to MLflow and uploaded with jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from study.secrets import MASK, refuse_secrets

ADDRESSES = ("tracking_uri", "storage")
"""Keys that may hold a password, and that only those who run the study can reach."""

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
    for key, value in values.items():
        _refuse_inside(value, str(key))
    for comment in _COMMENT.findall(text):
        for address in _ADDRESS.findall(comment):
            # What closes a sentence or a quotation is not of the address.
            refuse_secrets(_REFERENCE.sub(MASK, address).rstrip("\"'`)]},.;:"), key="a comment")


def _refuse_inside(value: object, key: str) -> None:
    if isinstance(value, Mapping):
        for name, each in value.items():
            _refuse_inside(each, f"{key}.{name}")
    elif isinstance(value, (list, tuple)):
        for each in value:
            _refuse_inside(each, key)
    elif isinstance(value, str) and "://" in value:
        refuse_secrets(value, key=key)

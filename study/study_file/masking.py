"""Passwords in addresses: found, and hidden wherever an address is shown."""

from __future__ import annotations

import re

_USER = re.compile(r"(?<=://)(?P<before>[^:/@\s]*:)(?P<secret>[^@\s]+)(?=@)")
_QUERY = re.compile(
    r"(?P<before>[?&](?:password|passwd|sslpassword|token|secret)=)(?P<secret>[^&\s]+)", re.I
)
_REFERENCES_ONLY = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*\})+")


def mask_uri(uri: str) -> str:
    """The address with its passwords replaced by `***`; `${VAR}` references stay.

    >>> mask_uri("postgresql://optuna:secret@db:5432/studies")
    'postgresql://optuna:***@db:5432/studies'
    """
    for pattern in (_USER, _QUERY):
        uri = pattern.sub(_masked, uri)
    return uri


def _masked(match: re.Match[str]) -> str:
    if _REFERENCES_ONLY.fullmatch(match["secret"]):
        return match[0]
    return f"{match['before']}***"

"""Passwords and tokens out of what people read."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(?<=//)([^/@\s:]*):[^\s\"']*(?=@)")
_SECRET_OPTION = re.compile(
    r"(?i)\b((?:[a-z_]*password|passwd|[a-z_]*token|[a-z_]*secret|sslkey)=)[^&\s\"']+"
)
_HEADER = re.compile(r"\b((?i:bearer|basic)\s+)(?=\S*[0-9])[A-Za-z0-9._~+/=-]{8,}")


def redacted(text: str) -> str:
    """The text with passwords of URLs, secret options and tokens of headers replaced by ``***``.

    >>> redacted("postgresql://ann:s3cret@db/optuna")
    'postgresql://ann:***@db/optuna'
    """
    text = _PASSWORD.sub(r"\1:***", text)
    return _HEADER.sub(r"\1***", _SECRET_OPTION.sub(r"\1***", text))

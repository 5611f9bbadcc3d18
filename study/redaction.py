"""Passwords out of what people read."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(?<=//)([^/@\s:]*):[^/\s]*(?=@)")
_SECRET_OPTION = re.compile(r"(?i)((?:password|passwd|token|secret|sslkey)=)[^&\s]+")


def redacted(text: str) -> str:
    """The text with the passwords of any URLs inside it replaced by ``***``.

    >>> redacted("postgresql://ann:s3cret@db/optuna")
    'postgresql://ann:***@db/optuna'
    """
    return _SECRET_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1:***", text))

"""The token of a cluster, read where Ray reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from search_spaces.errors import InputError
from study.auth_token import NAME, keep_private, own_token_file

TOKEN_VARIABLE, PATH_VARIABLE = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
SOURCES = f"{TOKEN_VARIABLE}, {PATH_VARIABLE} or ~/.ray/auth_token"

_IN_A_HEADER = re.compile(r"[\x21-\x7e]+")


class Token(str):
    """A token; its repr, and so every error and log, hides it."""

    def __repr__(self) -> str:
        return "'***'"


def ray_token() -> Token | None:
    """The token that Ray itself would send, or None where there is none.

    RAY_AUTH_MODE is not asked: whether a token is wanted is for the cluster to say.

    Raises:
        InputError: If the file that RAY_AUTH_TOKEN_PATH names cannot be read, or the token is
            none that a header can carry.
    """
    given, path = os.environ.get(TOKEN_VARIABLE), os.environ.get(PATH_VARIABLE)
    if given and given.strip():
        return _checked(given, TOKEN_VARIABLE)
    if path:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise InputError(f"{path} cannot be read: {reason}", key=PATH_VARIABLE) from None
        if not text.strip():
            raise InputError(f"{path} must hold a token, but is empty", key=PATH_VARIABLE)
        return _checked(text, PATH_VARIABLE)
    try:
        file = own_token_file()
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None
    keep_private(file)
    return _checked(text, NAME) if text.strip() else None


def _checked(text: str, source: str) -> Token:
    token = text.strip()
    if not _IN_A_HEADER.fullmatch(token):
        # Else the HTTP library would refuse it with an error that quotes it.
        raise InputError("the token must be printable ASCII without spaces", key=source)
    return Token(token)

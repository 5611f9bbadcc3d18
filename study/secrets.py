"""Passwords and tokens in addresses: one rule that finds, hides and refuses them.

Where a person forgot to escape a password, nothing says for sure where it ends. So it is taken to
reach to the last `@`, whatever stands between, and a text hides too much rather than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from search_spaces.errors import InputError
from search_spaces.values import show

MASK = "***"

_START = re.compile(r"\s*(?:jdbc:)?(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?//")
_BARE_START = re.compile(r"(?=[^\s:@/.~][^\s:@/]*:.*@)", re.S)
"""`ann:password@host` without a scheme; a path begins otherwise."""

_DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle")
"""Where a user may come without a password. Elsewhere a user alone is how tokens are sent."""

_FILES = ("sqlite", "file")

_USER = re.compile(r"[\w.+-]{1,24}(?:%40[\w.-]{1,64})?", re.ASCII)
"""What is shown as a user's name; tokens are longer."""

_NO_PASSWORDS = ("", "x", "x-oauth-basic", "api_token")
"""What stands for a password where the user's name is the token."""

_REFERENCES = re.compile(r"(?:\$\{[A-Za-z_][A-Za-z0-9_]*\})+")
_BEFORE_COLON = re.compile(r"(?:\$\{[^}]*\}|[^:])*")
_MASKED_USER = re.compile(r"(?:[^:@/]*:)?\*\*\*(?:@|\Z)")
_MASKED_VALUE = re.compile(r"\*\*\*(?![^\s&;,'\")])")

_PARAMETER = re.compile(r"[?&;#](?P<name>[^=&;#?]+)=")
_NEXT_PARAMETER = re.compile(r"&[^=&;#?@\s]+=")

_SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase|code)?(?![a-z])|pwd|(?:^|[_.-])pw(?:[_.-]|$)|secret|token|credential"
    r"|auth(?!or)|(?:^|[_.-])keys?(?:[_.-]|$)|(?:api|access|account|private|shared)_?-?key"
    r"|(?:^|[_.-])(?:sig|sas)(?:[_.-]|$)|signature|jwt|bearer|^odbc_connect$",
    re.I,
)
_NOT_SECRET = ("sslkey", "ssl_key", "passfile", "require_auth", "auth_plugin")
"""Parameters of data bases' drivers that sound so and name a file or a method."""

_FIRST = re.compile(r"(?:jdbc:)?(?:\b[A-Za-z][A-Za-z0-9+.-]*:)?//")
_FURTHER = re.compile(r"(?<=[\s'\"(\[{<,=])[A-Za-z][A-Za-z0-9+.-]*://")
"""Where in a text the first address begins, and where others do."""

_UNENDED = re.compile(r"[^@]*?//(?!\[)[^/?#@\s]*:(?!\*\*\*|\d*(?:[/?#\s'\"),;\]}]|\Z))[^@]*")
"""A user and the beginning of a password: what looks like another address belongs to it."""

_BARE = re.compile(r"(?<![\w/:.@*-])([\w.+-]+):(?!\*\*\*@|//)[^\s@]+@(?=[\w\[])")
_OPTION = re.compile(
    r"(?i)(?P<name>\b[\w.-]{0,64}?(?:password|passwd|passphrase|pwd|token|secret|api_?key|access_?key"
    r"|signature|credential)(?:\s*=\s*|[\"']\s*[:=]\s*))"
    r"(?!\*\*\*|\$\{)(?:\"[^\"]*\"|'(?:[^'\\]|\\.)*'|[^\s&\"']+)"
)
_HEADER = re.compile(r"(?i)\b((?:bearer|basic)\s+)(?=\S*[0-9])[A-Za-z0-9._~+/=-]{8,}")


@dataclass(frozen=True, kw_only=True, order=True)
class Secret:
    """Where in an address a secret stands: from the index `start` to before `end`."""

    start: int
    end: int


def find_secrets(address: str) -> list[Secret]:
    """The secrets of an address, in order and apart: passwords, tokens, secret parameters.

    `${NAME}` is none, as it only says where the secret is; `${NAME:-text}` is one.

    Args:
        address: One address and nothing else.
    """
    merged: list[Secret] = []
    for secret in sorted([*_user_secrets(address), *_parameter_secrets(address)]):
        if merged and secret.start <= merged[-1].end:
            end = max(secret.end, merged[-1].end)
            merged[-1] = Secret(start=merged[-1].start, end=end)
        else:
            merged.append(secret)
    return merged


def masked(address: str) -> str:
    """The address with its secrets replaced by `***`.

    >>> masked("postgresql://optuna:p@ss/word@db:5432/studies")
    'postgresql://optuna:***@db:5432/studies'
    """
    for secret in reversed(find_secrets(address)):
        address = f"{address[: secret.start]}{MASK}{address[secret.end :]}"
    return address


def redacted(text: str, *addresses: str) -> str:
    """A text for people (a message, a line of a log, a cell of a table) without secrets.

    Args:
        text: May hold addresses, options such as ``password=...``, and headers.
        addresses: Known to be in use: their secrets are also hidden where a library quotes
            them alone or in pieces ("failed to resolve host 'word@db'").

    >>> redacted("no server at http://ann:s3cret@mlflow:5000")
    'no server at http://ann:***@mlflow:5000'
    """
    for address in addresses:
        text = _without(text, address)
    return "\n".join(_redacted_line(line) for line in text.split("\n"))


def refuse_secrets(address: object, *, key: str | None = None) -> None:
    """Refuses an address that holds a secret, for a file that is stored and shown.

    Args:
        address: What was given; only text can hold one.
        key: Path of the key in the file, for the error.

    Raises:
        InputError: If it does.
    """
    if isinstance(address, str) and find_secrets(address):
        raise InputError(
            "a study file holds no password or token; write it as ${NAME} and set the environment "
            f"variable, but got {show(masked(address))}",
            key=key,
        )


def public_address(address: str | None) -> str:
    """What of an address people may open: an HTTP server's, without user, query and fragment.

    Returns:
        "" for anything but an HTTP server, as no browser opens a data base; also where it is
        unsure which part is the host.

    >>> public_address("https://ann:s3cret@mlflow.example:5000/team?token=1")
    'https://mlflow.example:5000/team'
    """
    shown = masked(address or "")
    start = _START.match(shown)
    if start is None or (scheme := (start["scheme"] or "").lower()) not in ("http", "https"):
        return ""
    rest = re.split("[?#]", shown[start.end() :].rpartition("@")[2])[0]
    return "" if MASK in rest else f"{scheme}://{rest}".rstrip("/")


def is_secret_name(name: str) -> bool:
    """Whether a parameter or variable of this name is likely to hold a secret."""
    return bool(_SECRET_NAME.search(name)) and name.lower() not in _NOT_SECRET


def _user_secrets(address: str) -> Iterator[Secret]:
    start = _START.match(address) or _BARE_START.match(address)
    if start is None:
        return
    scheme = (start.groupdict().get("scheme") or "").partition("+")[0].lower()
    begin, end = start.end(), _end_of_user(address, start.end())
    path = scheme in _FILES and address.startswith("/", begin) and "://" not in address[begin:]
    if end < begin or path:
        return
    before = _BEFORE_COLON.match(address, begin, end)
    colon = end if before is None else before.end()
    user, password = address[begin:colon], address[colon + 1 : end]
    if not user and not password:
        return
    if password.rpartition(":")[2] in _NO_PASSWORDS:
        named = scheme in _DATABASES and not password and _USER.fullmatch(user)
        referred = password in _NO_PASSWORDS and _is_open(user)
        if not named and not referred and not _is_open(address[begin:end]):
            yield Secret(start=begin, end=end)
    elif user and not _USER.fullmatch(user) and not _REFERENCES.fullmatch(user):
        yield Secret(start=begin, end=end)
    elif not _is_open(password):
        yield Secret(start=colon + 1, end=end)


def _end_of_user(address: str, begin: int) -> int:
    """Index of the `@` after user and password; -1 if there is none."""
    hidden = _MASKED_USER.match(address, begin)
    if hidden is None:
        return address.rfind("@")
    # Hidden already, though others hide only up to the first `@`: the host is what follows.
    host = re.split(r"[\s/?#]", address[begin:])[0]
    return address.rfind("@", begin, begin + len(host))


def _parameter_secrets(address: str) -> Iterator[Secret]:
    for parameter in _PARAMETER.finditer(address):
        following = _NEXT_PARAMETER.search(address, parameter.end())
        end = len(address) if following is None else following.start()
        value = address[parameter.end() : end]
        hidden = not value or _is_open(value) or _MASKED_VALUE.match(value)
        if is_secret_name(unquote(parameter["name"])) and not hidden:
            yield Secret(start=parameter.end(), end=end)


def _is_open(text: str) -> bool:
    """Whether it holds nothing to hide: references alone, or what is hidden already."""
    return text == MASK or bool(_REFERENCES.fullmatch(text))


def _redacted_line(line: str) -> str:
    start = _FIRST.search(line)
    if start is not None:
        line = line[: start.start()] + "".join(map(masked, _split(line[start.start() :])))
    line = _BARE.sub(rf"\1:{MASK}@", line)
    return _HEADER.sub(rf"\1{MASK}", _OPTION.sub(rf"\g<name>{MASK}", line))


def _split(text: str) -> list[str]:
    """A text that begins with an address, cut where further ones begin."""
    starts = [0, *(each.start() for each in _FURTHER.finditer(text) if each.start())]
    parts: list[str] = []
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if parts and _UNENDED.fullmatch(parts[-1]):
            parts[-1] += text[begin:end]
        else:
            parts.append(text[begin:end])
    return parts


def _without(text: str, address: str) -> str:
    pieces = sorted(set(_pieces(address)), key=len, reverse=True)
    if not pieces:
        return text
    # A short piece is hidden as a word of its own only, else no text would be left.
    patterns = (
        re.escape(piece) if len(piece) > 3 else rf"(?<!\w){re.escape(piece)}(?!\w)"
        for piece in pieces
    )
    pattern = re.compile("|".join(patterns), re.I)
    return masked(address).join(pattern.sub(MASK, part) for part in text.split(address))


def _pieces(address: str) -> Iterable[str]:
    """What of an address's secrets a library may quote: all, escaped or not, and parts."""
    for secret in find_secrets(address):
        whole = address[secret.start : secret.end]
        for form in (whole, unquote(whole), quote(whole, safe="")):
            yield form
            yield from re.findall(r"\w+", f"{form} {re.sub('%[0-9A-Fa-f]{2}', '%', form)}")

"""Where a cluster takes jobs: the address of its head's dashboard."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from search_spaces.errors import InputError
from search_spaces.values import show
from study.secrets import find_secrets

DEFAULT_PORT = 8265
"""Ray's own, where an http address names none."""

OPTION = "--address"
_RULE = "must be http(s)://HOST:PORT of the cluster's dashboard, for example http://head:8265"


@dataclass(frozen=True, kw_only=True)
class ClusterAddress:
    """The address of a cluster's Jobs API.

    Attributes:
        url: Without a trailing slash; it holds no password.
        host: A name or an IP address.
    """

    url: str
    host: str

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can be meant; a name is trusted only if it is localhost."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def cluster_address(given: str) -> ClusterAddress:
    """Reads what a person gave as --address.

    Raises:
        InputError: If it is no http or https address, or holds a user or password.
    """
    text = given.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if find_secrets(text) or "@" in parts.netloc:
        raise InputError(
            f"{_RULE}, without user or password: a cluster's token is read from RAY_AUTH_TOKEN, "
            "RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token",
            key=OPTION,
        )
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    wrong = parts.scheme not in ("http", "https") or parts.query or parts.fragment
    if wrong or not host or any(letter.isspace() for letter in text):
        raise InputError(f"{_RULE}, but got {show(given)}", key=OPTION)
    if port is None and parts.scheme == "http":
        port = DEFAULT_PORT
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    return ClusterAddress(
        url=f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}", host=host.rstrip(".")
    )

"""Addresses with secrets in them, as people write them, by seeds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An address, and what nobody may read of it: words that occur nowhere else."""

    address: str
    words: tuple[str, ...]

    def leaks(self, text: str) -> list[str]:
        """What of the secret's words a text shows, whole or in part; a port's digits are none."""
        parts = {word[i : i + 4] for word in self.words for i in range(len(word) - 3)}
        parts = {part.lower() for part in parts if not part.isdigit()}
        return sorted(part for part in parts if part in text.lower())


BETWEEN = "'\"` /#?@:&;,=%$()[]{}<>|\\!*+-~^.é"
"""What a person puts into a password and forgets to escape."""

DATABASES = ("postgresql", "postgresql+psycopg", "mysql+pymysql", "mssql+pyodbc")
SERVERS = ("http", "https", "databricks", "custom")
PARAMETERS = (
    *("access_token", "token", "password", "api_key", "sig", "sslpassword", "PWD", "pass%77ord"),
    *("client_secret", "X-Amz-Signature", "apikey", "key", "auth", "private_token", "jwt"),
)


def word(rng: random.Random) -> str:
    return "".join(rng.choice("QXZJV0123456789") for _ in range(rng.randint(5, 9)))


def secret(rng: random.Random, between: str = BETWEEN) -> tuple[str, tuple[str, ...]]:
    """Words with odd characters between, before and after them."""
    words = tuple(word(rng) for _ in range(rng.randint(1, 4)))
    odd = ["".join(rng.choices(between, k=rng.randint(0, 2))) for _ in range(len(words) + 1)]
    text = odd[0] + "".join(each + o for each, o in zip(words, odd[1:], strict=True))
    return text, words


def samples(count: int, seed: int = 0) -> Iterator[Sample]:
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.choice(["password", "password", "escaped", "token", "parameter", "both"])
        scheme = rng.choice(DATABASES + SERVERS)
        host = rng.choice(["db", "mlflow.example.org", "127.0.0.1", "[::1]", "db:5432", "h:80"])
        path = rng.choice(["", "/", "/studies", "/team/mlflow"])
        text, words = secret(rng)
        user = rng.choice(["ann", "o", "optuna_1", "ann%40example.org", ""])
        if kind == "escaped":
            text = quote(text, safe="")
        if kind in ("password", "escaped", "both"):
            address = f"{scheme}://{user}:{text}@{host}{path}"
        elif kind == "token":
            # With a `:` inside, its head is a user's name to anybody.
            text, words = secret(rng, BETWEEN.replace(":", ""))
            scheme = rng.choice(SERVERS)
            address = f"{scheme}://{text}{rng.choice(['', ':', ':x-oauth-basic'])}@{host}{path}"
        else:
            address = f"{scheme}://{host}{path}"
        if kind in ("parameter", "both"):
            # An `&` with a name and `=` after it would be another parameter to anybody.
            text, more = secret(rng, BETWEEN.replace("&", ""))
            words = more if kind == "parameter" else words + more
            before, after = rng.choice(["", "a=1&", "ssl=on&"]), rng.choice(["", "&b=2"])
            address += f"?{before}{rng.choice(PARAMETERS)}={text}{after}"
        yield Sample(address=address, words=words)

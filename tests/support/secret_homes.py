"""A study whose file refers to an address with a secret: what it prints, and what it leaves.

Nothing answers at the addresses, so that every library on the way says what it tried: Optuna,
SQLAlchemy, the data bases' drivers, MLflow, urllib3.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from tests.support.mutated_files import STUDY, said
from tests.support.secret_addresses import Sample

VARIABLE = "GRADSCAPE_TEST_ADDRESS"

COMMANDS = {
    "storage": (("check",), ("run",), ("run",)),
    "tracking_uri: http://127.0.0.1:9\ntracking": (("check",), ("run", "status")),
    "tracking_uri": (("check",), ("run", "status"), ("run", "deliver")),
}
"""What is called of a study that has the address there, by a draw; the second key is that of the
data base behind a server that does not answer."""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Where a secret was seen.

    Attributes:
        address: The whole address.
        where: A file, or what was printed by which command.
        shown: Parts of the secret.
    """

    address: str
    where: str
    shown: list[str]


def leaks(sample: Sample, seed: int, folder: Path) -> list[Leak]:
    """Runs commands on a study that refers to an address, and looks everywhere for its secret.

    Args:
        sample: The address.
        seed: Says where the study has it, and which commands are called.
        folder: Made, and removed at the end.
    """
    draw = random.Random(seed)
    key = draw.choice(sorted(COMMANDS))
    folder.mkdir()
    file = folder / "c.yaml"
    address = f"${{{VARIABLE}}}"
    value = f"{{database: '{address}'}}" if key.endswith("tracking") else address
    file.write_text(f"{STUDY}{key}: {value}\n")
    found = []
    os.environ[VARIABLE] = sample.address
    try:
        for command in draw.choice(COMMANDS[key]):
            home = ("--home", folder / "home")
            given = (file, *home) if command in ("check", "run") else ("small", *home)
            more = ("--local-mode", "--no-report") if command == "run" else ()
            _, out, err = said(command, *given, *more)
            found.append((f"{command} printed", out + err))
        found += _texts(folder)
        return [
            Leak(address=sample.address, where=where, shown=shown)
            for where, text in found
            if (shown := sample.leaks(text))
        ]
    finally:
        del os.environ[VARIABLE]
        shutil.rmtree(folder)


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """All that can be read of each file, by its name."""
    for path in folder.rglob("*"):
        yield "the name of a file", path.name
        if path.suffix == ".parquet":
            # Compressed: its own bytes show nothing, and anything by chance.
            table = pq.read_table(path)
            text = f"{table.schema.metadata} {table.to_pylist()}"
        elif path.is_file():
            text = path.read_bytes().decode("latin-1")
        else:
            continue
        yield str(path.relative_to(folder)), text

"""Bytes of a home gone bad, by seeds, and what a command says of it.

Each seed is a copy of a home with one file of one study mutated: cut, flipped, repeated and
foreign bytes, blank and NUL lines, other numbers, a folder in its place. A command that reads it
then has to end with one of the exit codes and without a traceback.
"""

from __future__ import annotations

import contextlib
import io
import logging
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis import load_layers, load_steps, load_trials
from search_spaces.errors import GradscapeError
from study.commands.app import main
from study.tracking import default_tracking_uri
from tests.support.small_study import small_study

STUDY = small_study("small", steps=3, trials=4)

OTHER = (b"", b"[]", b"{}", b"null", b"3", b'{"pid":', b"\xff\xfe", b"\0" * 40, b"[" * 9000)
NUMBERS = (b"9" * 30, b"-1", b"1e999", b"null", b'"x"', b"[]", b"NaN")

READERS = {
    "optuna.journal": ("status", "list", "run", "deliver"),
    "driver.lock": ("status", "list", "run"),
    "driver.json": ("status", "list", "run"),
    "identity.json": ("run", "deliver"),
    "study.yaml": ("status", "deliver", "load"),
    "c.yaml": ("check", "run"),
    "trials": ("status", "list", "run", "deliver", "load"),
    "steps": ("run", "load"),
    "layers": ("run", "load"),
    "runs": ("run", "list", "deliver"),
    "mlflow.db": ("run", "deliver"),
}
"""Which commands read a file, or a table's parts; `load` is Python's `load_trials` and others."""

MANY_LINES = 12
"""More on stderr is no line but a noise."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One mutated file and what a command made of it.

    Attributes:
        seed: Of the mutation.
        file: Which file, or which table's part.
        command: What read it.
        code: Its exit code.
        problem: What a person should not have seen; None if all is well.
    """

    seed: int
    file: str
    command: str
    code: int | None
    problem: str | None


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The bytes with one fault."""
    at = draw.randrange(len(data) + 1)
    length = draw.randrange(1, 80)
    noise = bytes(draw.randrange(256) for _ in range(length))
    numbers = [each.span() for each in re.finditer(rb"\d+", data)]
    begin, end = draw.choice(numbers) if numbers else (0, 0)
    lines = data.split(b"\n")
    draw.shuffle(lines)
    line = data.find(b"\n", at) + 1
    return draw.choice(
        [
            data[:at],
            data[:at] + data[at + length :],
            data[:at] + noise[:1] + data[at + 1 :],
            data[:at] + noise + data[at:],
            data[:at] + noise + data[at + length :],
            data[:at] + bytes(4096) + data[at + 4096 :],
            data[:at] + data[max(0, at - length) : at] + data[at:],
            data[:line] + b"\n\n" + data[line:],
            data[:line] + b"\0" * length + b"\n" + data[line:],
            data[:begin] + draw.choice(NUMBERS) + data[end:],
            b"\n".join(lines),
            draw.choice(OTHER),
        ]
    )


def make_home(folder: Path) -> Path:
    """A folder with the file of a study and the home in which it was run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "c.yaml").write_text(STUDY)
    options = ("--home", folder / "home", "--local-mode", "--no-report")
    code, _, err = said("run", folder / "c.yaml", *options)
    assert code == 0, err
    return folder


def try_mutation(seed: int, folder: Path, into: Path) -> Tried:
    """Mutates one file of a copy of that folder, and lets a command read it.

    Args:
        seed: Says which file, how, and which command.
        folder: As `make_home` leaves it.
        into: Where the copy goes; it is removed afterwards.
    """
    draw = random.Random(seed)
    name = draw.choice(sorted(READERS))
    command = draw.choice(READERS[name])
    # A home of its own each: MLflow keeps connections to a data base by its path.
    copy = into / f"seed-{seed}"
    shutil.copytree(folder, copy)
    try:
        path = draw.choice(_files(copy, name))
        whole = path.read_bytes()
        path.unlink()
        if draw.random() < 0.03:
            path.mkdir()
        else:
            path.write_bytes(mutated(whole, draw))
        code, problem = _read(command, copy)
        return Tried(seed=seed, file=name, command=command, code=code, problem=problem)
    finally:
        _forget(copy / "home")
        shutil.rmtree(copy)


def said(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["gradscape", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _last_resort(err):
            main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = before
    return code, out.getvalue(), err.getvalue()


def _files(copy: Path, name: str) -> list[Path]:
    folder = copy / "home" / "studies" / "small"
    known: dict[str, Callable[[], list[Path]]] = {
        "c.yaml": lambda: [copy / name],
        "mlflow.db": lambda: [copy / "home" / name],
    }
    if name in ("trials", "steps", "layers", "runs"):
        return sorted((folder / "tables" / name).glob("*.parquet"))
    return known.get(name, lambda: [folder / name])()


def _read(command: str, copy: Path) -> tuple[int | None, str | None]:
    home = ("--home", copy / "home")
    given: dict[str, tuple[object, ...]] = {
        "run": ("run", copy / "c.yaml", *home, "--local-mode", "--no-report"),
        "check": ("check", copy / "c.yaml", *home),
        "list": ("list", *home),
    }
    try:
        if command == "load":
            _load(copy / "home")
            return 0, None
        code, out, err = said(*given.get(command, (command, "small", *home)))
    except GradscapeError as error:
        return 1, f"several lines: {error}" if "\n" in str(error) else None
    except Exception as error:
        return None, f"{type(error).__name__}: {str(error)[:200]}"
    if "Traceback" in out + err:
        return code, f"a traceback: {err.strip().splitlines()[-1]}"
    if code not in (0, 1, 2):
        return code, f"exit code {code}"
    if code and not err.strip() and not out.strip():
        return code, f"exit code {code} and not a word"
    if len(err.strip().splitlines()) > MANY_LINES:
        return code, f"{len(err.strip().splitlines())} lines: {err.strip()[:200]}"
    return code, None


def _load(home: Path) -> None:
    """As a notebook reads a study."""
    load_trials("small", home=home)
    load_steps("small", home=home)
    load_layers("small", home=home)


def _forget(home: Path) -> None:
    """What this process keeps of the home's MLflow."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    engine = SqlAlchemyStore._engine_map.pop(default_tracking_uri(home), None)
    if engine is not None:
        engine.dispose()


@contextlib.contextmanager
def _last_resort(err: io.StringIO) -> Iterator[None]:
    """What loggers without a handler say, and threads that die, where a person would see it."""
    handler = logging.StreamHandler(err)
    handler.setLevel(logging.WARNING)
    logger = logging.getLogger()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)

"""The ceilings of the house: sizes of files, functions, packages; the page that names them."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import DOCS, ROOT

PACKAGES = ("study", "analysis", "search_spaces")

MOST_LINES = 250
"""Of a file; a longer one holds a second concept."""

MOST_LINES_OF_A_FUNCTION = 40
"""Without its docstring."""

LONGER_FUNCTIONS = {
    "study/commands/report.py:report": "its options are its parameters, one a line",
    "study/commands/submit.py:submit": "its options are its parameters, one a line",
    "study/commands/run.py:run": "its options are its parameters, one a line",
    "study/engine/cohort_run.py:__init__": "puts a cohort together from all its parts, in order",
    "study/run/run_study.py:run_study": "its parameters are the public way to run a study",
}
"""Function -> why it is longer than others may be."""

MOST_MODULES = 15
"""Loose in one package."""

SIBLINGS = {
    "analysis/figures": "one figure a file",
    "analysis/report/sections": "one section a file",
    "study/commands": "one command a file",
    "study/engine/networks": "one network a file",
    "study/engine/quantities": "one quantity a file",
    "study/engine/tasks": "one task a file",
}
"""Packages that are lists of things that people add, each a file -> what each is."""


def sources() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path


SOURCES = dict(sources())


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_no_file_holds_two_subjects() -> None:
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in SOURCES.items()}
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES}


def test_no_function_is_long_without_a_reason() -> None:
    long = {}
    for name, path in SOURCES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = lines_without_docstring(node)
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long[f"{name}:{node.name}"] = lines
    assert not {name: lines for name, lines in long.items() if name not in LONGER_FUNCTIONS}
    assert not set(LONGER_FUNCTIONS) - set(long), "a reason that nothing needs any more"


def test_no_package_is_a_drawer_of_loose_modules() -> None:
    loose = Counter(
        Path(name).parent.as_posix() for name in SOURCES if not name.endswith("__init__.py")
    )
    assert not {
        package: number
        for package, number in loose.items()
        if number > MOST_MODULES and package not in SIBLINGS
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_page_names_every_entry(package: str) -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    entries = {
        f"{package}/{path.name}{'/' if path.is_dir() else ''}"
        for path in (ROOT / package).iterdir()
        if path.name not in ("__init__.py", "__main__.py", "__pycache__", "py.typed")
    }
    assert not {entry for entry in entries if f"`{entry}`" not in page}


def test_the_walks_of_the_architecture_page_name_what_is_there() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    stations = re.findall(r"`([\w/]+\.py):(\w+)`", page)
    assert len(stations) > 20
    for file, name in stations:
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        names = {node.name for node in tree.body if hasattr(node, "name")}
        assert name in names, f"{file} has no {name}"


def test_tests_lie_where_the_product_does() -> None:
    """A folder of tests is a folder of the product, or one of the three that hold whole runs."""
    of_their_own = {"end_to_end", "examples", "support"}
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("*.py")}
    assert not {
        folder.as_posix()
        for folder in folders
        if folder.parts and folder.parts[0] not in of_their_own and not (ROOT / folder).is_dir()
    }


FALSE_FRIENDS = {
    r"for ever": "always",
    r"anew": "again",
    r"likewise": "also",
    r"mends?|heals?": "fixes",
    r"surely": "reliably, or: with 95 % confidence",
    r"given up|gave up": "failed",
    r"(?<=: )of the study\.$": "a unit, a range or a shape",
    r"(?<=: )as given\.$": "a unit, a range or a shape",
}
"""Words that readers of Optuna's, Ray's and MLflow's pages stumble over -> what they expect."""


def prose() -> Iterator[tuple[str, str]]:
    """Every line that a person reads: pages, templates, docstrings, comments and messages."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    for path in [*pages, *(ROOT / "analysis/report/templates").glob("*.html")]:
        for line in path.read_text("utf-8").splitlines():
            yield path.relative_to(ROOT).as_posix(), line
    kinds = {tokenize.STRING, tokenize.COMMENT}
    for name, path in SOURCES.items():
        with path.open(encoding="utf-8") as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type in kinds:
                    for line in token.string.splitlines():
                        yield f"{name}:{token.start[0]}", line


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    """All of it, read once: that takes a second."""
    return list(prose())


@pytest.mark.parametrize("word", FALSE_FRIENDS)
def test_words_are_those_of_the_field(word: str, lines: list[tuple[str, str]]) -> None:
    pattern = re.compile(rf"\b({word})" + ("" if word.endswith("$") else r"\b"), re.IGNORECASE)
    found = [f"{where}: {line.strip()}" for where, line in lines if pattern.search(line)]
    assert not found, f"{FALSE_FRIENDS[word]} is meant in {found}"

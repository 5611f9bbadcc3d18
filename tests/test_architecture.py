"""The arrows of the architecture, read from the imports themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT

PACKAGES = ("study", "search_spaces", "analysis")

ONLY_IN = {
    "ray": ("study.dispatch",),
    "mlflow": ("study.tracking",),
    "optuna": ("study.ledger", "search_spaces"),
    "sqlalchemy": (
        "study.databases",
        "study.ledger",
        "study.lease",
        "study.preflight",
        "study.tracking",
    ),
    "torchvision": ("study.engine.tasks",),
    "torch": (
        "study.engine",
        "study.adapters",
        "study.watching",
        "study.worker",
        "study.preflight",
    ),
    "pathspec": ("study.jobs",),
    "plotly": ("analysis",),
    "jinja2": ("analysis",),
    "typer": ("study.commands",),
    "rich": ("study.commands",),
    "pydantic": ("study.study_file",),
}
"""Third-party package -> the only places that import it."""

ENGINE_MAY_IMPORT = {
    "torch",
    "numpy",
    "numba",
    "threadpoolctl",
    "sklearn",
    "torchvision",
    "pandas",
    "PIL",
    "study",
}

FORBIDDEN = (
    ("search_spaces", "study"),
    ("search_spaces", "analysis"),
    ("study.engine", "search_spaces"),
    ("study.engine", "study.adapters"),
    ("study.tables", "study.engine"),
    ("study.verdicts", "study.engine"),
)
"""(from, to): arrows that must not be."""


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(name: str, *, type_checking: bool = True) -> Iterator[str]:
    """Every module that this one imports, wherever in the file the import stands."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    if not type_checking:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                skipped.update(inner for one in node.body for inner in ast.walk(one))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


def inside(name: str, place: str) -> bool:
    return name == place or name.startswith(place + ".")


@pytest.mark.slow
@pytest.mark.parametrize("library", ONLY_IN)
def test_libraries_are_imported_only_where_they_belong(library: str) -> None:
    strays = [
        name
        for name in MODULES
        if any(inside(one, library) for one in imports(name))
        and not any(inside(name, place) for place in ONLY_IN[library])
    ]
    assert not strays, f"{library} is imported by {strays}"


def test_the_engine_imports_torch_and_little_else() -> None:
    standard = sys.stdlib_module_names
    for name in MODULES:
        if inside(name, "study.engine"):
            tops = {one.split(".")[0] for one in imports(name)}
            assert tops - standard <= ENGINE_MAY_IMPORT, f"{name} imports {tops}"


@pytest.mark.parametrize(("source", "target"), FORBIDDEN)
def test_arrows_point_one_way(source: str, target: str) -> None:
    for name in MODULES:
        if inside(name, source):
            wrong = [one for one in imports(name) if inside(one, target)]
            assert not wrong, f"{name} imports {wrong}"


def test_analysis_knows_the_tables_and_nothing_else_of_a_study() -> None:
    for name in MODULES:
        if inside(name, "analysis"):
            of_study = {one for one in imports(name) if inside(one, "study")}
            strays = [target for target in of_study if not inside(target, "study.tables")]
            assert not strays, f"{name} imports {strays}"


def test_analysis_shares_errors_the_classifier_and_what_settled_means_with_samplers() -> None:
    shared = (
        "search_spaces.errors",
        "search_spaces.settling",
        "search_spaces.stability_classifier",
    )
    for name in MODULES:
        if inside(name, "analysis"):
            of_space = {one for one in imports(name) if inside(one, "search_spaces")}
            strays = {one for one in of_space if not any(inside(one, room) for room in shared)}
            assert not strays, f"{name} imports {strays}"


def test_the_stability_classifier_stands_alone() -> None:
    own = "search_spaces.stability_classifier"
    allowed = {"numpy", "scipy", "search_spaces"}
    for name in MODULES:
        if inside(name, own):
            tops = {one.split(".")[0] for one in imports(name)}
            assert tops - sys.stdlib_module_names <= allowed, f"{name} imports {tops}"
            strays = [one for one in imports(name) if inside(one, "search_spaces")]
            assert all(inside(one, own) for one in strays), f"{name} imports {strays}"


def test_what_settled_means_needs_the_standard_library_alone() -> None:
    tops = {one.split(".")[0] for one in imports("search_spaces.settling")}
    assert tops <= sys.stdlib_module_names, f"search_spaces.settling imports {tops}"


def test_only_the_command_line_joins_study_and_analysis() -> None:
    for name in MODULES:
        if inside(name, "study") and not inside(name, "study.commands"):
            assert not any(inside(one, "analysis") for one in imports(name)), name


def test_no_import_cycle() -> None:
    graph = {
        name: {one for one in imports(name, type_checking=False) if one in MODULES} - {name}
        for name in MODULES
    }
    # A package's list of public names is not an arrow of its own.
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("study", ("torch", "ray", "mlflow", "optuna", "pandas")),
        ("analysis", ("torch", "ray", "mlflow", "optuna")),
        ("search_spaces", ("torch", "ray", "mlflow", "pandas")),
        ("study.engine", ("ray", "mlflow", "optuna", "pandas")),
        ("study.engine.built_in", ("torch", "ray", "mlflow", "optuna", "pandas")),
        ("study.study_file.loading", ("torch", "ray", "mlflow", "scipy", "pandas")),
        ("study.tables.parts", ("torch", "ray", "mlflow", "optuna", "pandas")),
        # Each worker process pays for what training imports.
        ("study.worker.cohort_trainer", ("ray", "mlflow", "optuna", "scipy.optimize", "sklearn")),
        ("study.watching", ("ray", "mlflow", "optuna", "pandas", "pydantic")),
        # A diagnosis is to say its first words at once.
        ("study.diagnosis", ("ray", "mlflow", "plotly", "sqlalchemy", "requests", "sympy")),
        ("study.commands.app", ("torch", "ray", "mlflow", "optuna")),
    ],
)
def test_importing_one_part_leaves_the_others_out(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == []


def test_engines_of_data_bases_are_made_in_one_file() -> None:
    # Once in five, two of them without a time limit: a server that said nothing was waited for.
    makers = [
        name
        for name, path in MODULES.items()
        if re.search(r"\bcreate_engine\b", path.read_text(encoding="utf-8"))
    ]
    assert makers == ["study.databases"]


def test_no_junk_drawers() -> None:
    names = {path.stem for path in MODULES.values()}
    assert not names & {"utils", "util", "helpers", "common", "misc"}

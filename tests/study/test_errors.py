"""One root, and one exit code a kind."""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
from collections.abc import Iterator

import pytest

from analysis.errors import AnalysisError, StudyNotFound
from search_spaces.errors import InputError
from study import errors
from study.commands import app
from study.commands.exit_codes import EXIT_CODES, exit_code
from study.errors import GradscapeError, Interrupted, TableWriteError, TokenWanted, TrainingError
from tests.test_architecture import MODULES, inside


def exceptions() -> Iterator[type[Exception]]:
    """Every class of the three packages that is an exception, the engine's left out."""
    for name, path in MODULES.items():
        if inside(name, "study.engine") or path.name == "__main__.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.bases:
                made = getattr(importlib.import_module(name), node.name)
                if inspect.isclass(made) and issubclass(made, Exception):
                    yield made


def test_every_error_of_ours_is_a_child_of_one_root() -> None:
    # Once 21 of them had none, and the command line named ten in a list; one that was forgotten
    # there ended with a traceback.
    found = set(exceptions())
    assert {InputError, AnalysisError, TrainingError} <= found
    assert [one for one in found if not issubclass(one, GradscapeError)] == []
    homes = {"search_spaces.errors", "study.errors", "analysis.errors"}
    assert {one.__module__ for one in found} == homes


def test_what_study_errors_names_is_there() -> None:
    assert all(issubclass(getattr(errors, name), GradscapeError) for name in errors.__all__)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("x"), 2),
        (TokenWanted("x"), 2),
        (StudyNotFound("a", ["b"], "home"), 1),
        (TrainingError("x"), 1),
        (TableWriteError(28, "cannot write tables", "part"), 1),
        (Interrupted("interrupted"), 130),
    ],
)
def test_each_kind_has_its_exit_code(
    error: GradscapeError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(**options: object) -> None:
        raise error

    assert exit_code(error) == code
    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith("gradscape: ")


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**options: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(ZeroDivisionError):
        app.main()
    assert not any(issubclass(ZeroDivisionError, kind) for kind, _ in EXIT_CODES)


def test_errors_cross_processes() -> None:
    for error in (
        TrainingError("x"),
        TableWriteError(28, "full", "part"),
        InputError("x", key="k"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error)

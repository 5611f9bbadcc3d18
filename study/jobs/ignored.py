"""What of a working folder is not uploaded, by the rules of Ray's own packaging."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pathspec import PathSpec

from study.tables.home import home_folder

EXCLUDES_VARIABLE = "RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES"
GITIGNORE_VARIABLE = "RAY_RUNTIME_ENV_IGNORE_GITIGNORE"
DEFAULT_EXCLUDES = ".git,.venv,venv,__pycache__"

Ignores = Callable[[Path], bool]


def default_rules(folder: Path) -> list[Ignores]:
    """What is left out whatever the ignore files say: also results, which Ray knows nothing of."""
    home = home_folder().resolve()
    names = os.environ.get(EXCLUDES_VARIABLE, DEFAULT_EXCLUDES).split(",")
    named = _rule(folder, [name.strip() for name in names if name.strip()])
    return [named, lambda path: path == home and (home / "studies").is_dir()]


def rules_in(folder: Path) -> list[Ignores]:
    """The rules of the folder's own .gitignore and .rayignore."""
    names = [".gitignore", ".rayignore"]
    if os.environ.get(GITIGNORE_VARIABLE) == "1":
        names = [".rayignore"]
    files = [folder / name for name in names]
    return [
        _rule(folder, file.read_text(encoding="utf-8", errors="replace").splitlines())
        for file in files
        if file.is_file()
    ]


def _rule(folder: Path, patterns: Sequence[str]) -> Ignores:
    spec = PathSpec.from_lines("gitignore", patterns)
    return lambda path: spec.match_file(str(path.relative_to(folder)))

"""Where tables lie: `<home>/studies/<study>/tables`, for who writes them and who reads them."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "GRADSCAPE_HOME"
DEFAULT_HOME = "gradscape"


def home_folder(given: str | Path | None = None) -> Path:
    """The home folder: the one given, else GRADSCAPE_HOME, else ./gradscape."""
    return Path(given or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME)


def home_text(home: Path) -> str:
    """The home folder as messages name it: a path, also where it is one word."""
    return str(home) if home.is_absolute() or ".." in home.parts else f"./{home}"


def no_studies(home: Path) -> str:
    """What is said of a home folder without studies."""
    return f"no studies in {home_text(home)}"


def studies_folder(home: Path) -> Path:
    """The folder of a home folder's studies; it need not exist."""
    return home / "studies"


def tables_folder(study: Path) -> Path:
    """The tables in a study's folder."""
    return study / "tables"


def studies(home: Path) -> list[str]:
    """Names of the studies in a home folder, sorted."""
    folder = studies_folder(home)
    return (
        sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    )

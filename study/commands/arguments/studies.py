"""What a person names a study by, alike in every command: its file, its name, a preset's name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from search_spaces.errors import InputError
from search_spaces.near_names import did_you_mean

SUFFIXES = (".yaml", ".yml")


def study_file_of(context: typer.Context, given: Path) -> Path:
    """Callback of STUDY.yaml: the file that was meant.

    Raises:
        InputError: If there is neither such a file, nor such a study, nor such a preset.
    """
    written = _written_file(given)
    if written is not None:
        return written
    from study.study_file.presets import list_presets, preset_file
    from study.tables.home import home_text

    home = _home(context)
    stored = _stored_files(home)
    if given.name == str(given) and given.name in stored:
        path = stored[given.name]
        _say(f"there is no file {given}; taking {path}, as study {given} was last run")
        return path
    presets = list_presets()
    if str(given) in presets:
        _say(f"taking preset {given}; `gradscape init {given}` writes it as a file to change")
        return preset_file(str(given))
    near = did_you_mean(given.stem, [*stored, *presets, *_files_here(given)])
    raise InputError(
        f"no such file, study of {home_text(home)} or preset; {near + ' ' if near else ''}"
        "`gradscape init` writes a study file",
        file=str(given),
    )


def study_name_of(context: typer.Context, given: str | None) -> str | None:
    """Callback of STUDY: the name of the study, which its file may stand for.

    Raises:
        InputError: If it is neither a name nor a study file.
    """
    if given is None:
        return None
    return study_name(given, home=_home(context))


def reported_study(context: typer.Context, given: str | None) -> str | None:
    """One study of `report`, which may also be the path of a study's folder."""
    return given if given is not None and Path(given).is_dir() else study_name_of(context, given)


def reported_studies(context: typer.Context, given: list[str] | None) -> list[str | None]:
    """Callback of several of them."""
    return [reported_study(context, each) for each in given or ()]


def compared_studies(
    context: typer.Context, given: tuple[str, str] | None
) -> tuple[str | None, ...] | None:
    """Callback of --compare: each of both as `reported_study`."""
    return None if given is None else tuple(reported_study(context, each) for each in given)


def study_name(given: str, *, home: Path) -> str:
    """The name of a study, given as such or as its file.

    Args:
        given: A name, or the path of a study file, with or without its suffix.
        home: The home folder: a study of it goes before a file without suffix.

    Raises:
        InputError: If it is neither.
    """
    from study.tables.home import studies

    known = studies(home)
    if given in known:
        return given
    # Here, for reading study files loads Optuna, which a study's name has no need of.
    from study.study_file import check_for_elsewhere, read_study

    file = _written_file(Path(given))
    if file is not None and file.is_file():
        return check_for_elsewhere(file).study
    stem = Path(given).stem
    if Path(given).suffix in SUFFIXES and stem in known:
        return stem
    try:
        return read_study(given)
    except InputError as error:
        raise error.inside(key="STUDY") from None


def _written_file(given: Path) -> Path | None:
    """The study file itself, or with the suffix that was left out."""
    with_suffix = [given.with_name(given.name + suffix) for suffix in SUFFIXES if given.name]
    files = [path for path in (given, *with_suffix) if path.is_file()]
    if files:
        return files[0]
    return given if given.exists() else None


def _stored_files(home: Path) -> Mapping[str, Path]:
    """The study files of a home's studies, as they were last run."""
    from study.paths import StudyPaths
    from study.tables.home import studies

    files = {name: StudyPaths(home=home, study=name).study_file for name in studies(home)}
    return {name: path for name, path in files.items() if path.is_file()}


def _files_here(given: Path) -> list[str]:
    folder = given.parent
    return [path.stem for path in folder.glob("*.y*ml")] if folder.is_dir() else []


def _home(context: typer.Context) -> Path:
    from study.tables.home import home_folder

    given: Any = context.params.get("home")
    return home_folder(given)


def _say(text: str) -> None:
    print(f"gradscape: {text}", file=sys.stderr)


def code_folders(study_file: Path) -> tuple[Path, ...]:
    """Where a person's own task and network are imported from: here, and beside the file."""
    return tuple(dict.fromkeys([Path.cwd(), study_file.resolve().parent]))

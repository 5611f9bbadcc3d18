"""Thresholds from the command line: with which a study's trials are to be labelled again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from search_spaces.errors import InputError
from study.verdicts import DEFAULT, Thresholds


def read_overrides(pairs: Sequence[str]) -> dict[str, float]:
    """Values by name from NAME=VALUE.

    Raises:
        InputError: If one is malformed, its name unknown, or its value outside its domain.
    """
    overrides: dict[str, float] = {}
    for pair in pairs:
        name, separator, text = (part.strip() for part in pair.partition("="))
        if not separator or not name:
            raise InputError(f"must be NAME=VALUE, but got {pair!r}", key="--threshold")
        try:
            value: object = float(text)
        except ValueError:
            value = text
        try:
            overrides[name] = DEFAULT.with_overrides({name: value}).to_dict()[name]
        except InputError as error:
            raise InputError(error.rule, key=f"--threshold {name}") from None
    return overrides


def changed_thresholds(
    stored: Mapping[str, float], study_file: Path | None, pairs: Sequence[str]
) -> Thresholds:
    """The thresholds to label with.

    Args:
        stored: Those that the study was labelled with, by name.
        study_file: If given, what it has under `thresholds:` (and the defaults of the rest)
            replaces the stored ones.
        pairs: NAME=VALUE; they override both.

    Raises:
        InputError: As `read_overrides`; also if the study file is wrong.
    """
    overrides = read_overrides(pairs)
    if study_file is None:
        known = DEFAULT.to_dict()
        base = {name: value for name, value in stored.items() if name in known}
    else:
        base = _of_file(study_file)
    return DEFAULT.with_overrides({**base, **overrides})


def _of_file(path: Path) -> dict[str, float]:
    from study.study_file import load_study_file

    given = load_study_file(path).thresholds
    try:
        DEFAULT.with_overrides(given)
    except InputError as error:
        raise error.inside(key="thresholds", file=str(path)) from None
    return dict(given)

"""A study file that will be run on another machine, whose environment nobody knows here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search_spaces.catalogue import is_own
from search_spaces.errors import InputError
from study.study_file.config import StudyConfig
from study.study_file.environment import references
from study.study_file.error_text import read_as
from study.study_file.fields import NetworkName, StudyName, TaskName
from study.study_file.loading import read_study_text
from study.study_file.stored_secrets import refuse_secrets_in_file, without_addresses
from study.study_file.yaml_text import parse_study_text


@dataclass(frozen=True, kw_only=True)
class StudyElsewhere:
    """What can be known of a study file without the environment it will be run in.

    Attributes:
        study: Name of the study.
        own: The `package.module:function` that its task and network name.
    """

    study: str
    own: tuple[str, ...]


def check_for_elsewhere(path: Path) -> StudyElsewhere:
    """Finds what is wrong with a study file already here.

    Addresses are left alone, and the rest too where it needs variables that are not set here.

    Raises:
        InputError: As `load_study_file`, and if the name of the study, its task or its network
            is to be read from the environment.
    """
    try:
        text = read_study_text(path)
        values = parse_study_text(text)
        refuse_secrets_in_file(text, values)
        own = [_own(values, "task", TaskName), _own(values, "network", NetworkName)]
        study = _literal(values, "study", StudyName)
        here = without_addresses(values)
        if references(here) <= os.environ.keys():
            StudyConfig(**here)
    except InputError as error:
        raise error.inside(file=str(path)) from None
    return StudyElsewhere(study=study, own=tuple(name for name in own if name is not None))


def _own(values: Mapping[str, object], key: str, rules: Any) -> str | None:
    name = _literal(values, key, rules)
    return name if is_own(name) else None


def _literal(values: Mapping[str, object], key: str, rules: Any) -> str:
    given = values.get(key)
    if given is None:
        raise InputError("is required", key=key)
    if references(given):
        raise InputError("must be written out: it is needed before the study runs", key=key)
    try:
        return str(read_as(rules, given))
    except InputError as error:
        raise error.inside(key=key) from None

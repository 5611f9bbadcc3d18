"""The study file: what a person asks for, validated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from study.study_file.config import StudyConfig
    from study.study_file.error_text import read_study
    from study.study_file.loading import load_study_file
    from study.study_file.presets import list_presets, preset_file, preset_text
    from study.study_file.remote import StudyElsewhere, check_for_elsewhere
    from study.study_file.resources import Resources
    from study.study_file.scaling import Scaling
    from study.study_file.stop_when import StopWhen

_HOMES = {
    "Resources": "study.study_file.resources",
    "Scaling": "study.study_file.scaling",
    "StopWhen": "study.study_file.stop_when",
    "StudyConfig": "study.study_file.config",
    "StudyElsewhere": "study.study_file.remote",
    "check_for_elsewhere": "study.study_file.remote",
    "list_presets": "study.study_file.presets",
    "load_study_file": "study.study_file.loading",
    "preset_file": "study.study_file.presets",
    "preset_text": "study.study_file.presets",
    "read_study": "study.study_file.error_text",
}

__all__ = [
    "Resources",
    "Scaling",
    "StopWhen",
    "StudyConfig",
    "StudyElsewhere",
    "check_for_elsewhere",
    "list_presets",
    "load_study_file",
    "preset_file",
    "preset_text",
    "read_study",
]

__getattr__ = lazy_names(__name__, _HOMES)

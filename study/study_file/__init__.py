"""The study file: what a person asks for, validated."""

from study.study_file.config import StudyConfig
from study.study_file.loading import load_study_file
from study.study_file.presets import list_presets, preset_text
from study.study_file.remote import StudyElsewhere, check_for_elsewhere, read_study
from study.study_file.resources import Resources
from study.study_file.stop_when import StopWhen

__all__ = [
    "Resources",
    "StopWhen",
    "StudyConfig",
    "StudyElsewhere",
    "check_for_elsewhere",
    "list_presets",
    "load_study_file",
    "preset_text",
    "read_study",
]

from __future__ import annotations

import pytest

from search_spaces import InputError
from study.study_file import StudyConfig, list_presets, preset_text


@pytest.mark.parametrize("name", list_presets())
def test_preset_is_a_good_study_file_named_like_it(name):
    config = StudyConfig.from_text(preset_text(name), file=name)
    assert config.study == name
    assert config.space.axes


def test_digits_mlp_is_a_study_of_four_axes():
    config = StudyConfig.from_text(preset_text("digits-mlp"))
    assert (config.trials, config.steps, config.seeds, config.seed) == (1200, 200, 3, 0)
    assert list(config.space.axes) == ["depth", "activation", "initialization", "learning_rate"]
    assert config.tracking_uri is None and config.storage is None


def test_unknown_preset():
    with pytest.raises(InputError) as caught:
        preset_text("digit-mlp")
    known = ", ".join(list_presets())
    assert str(caught.value) == (
        f"unknown preset 'digit-mlp'; did you mean 'digits-mlp'? known: {known}"
    )


def test_a_preset_name_is_no_path():
    with pytest.raises(InputError, match="^unknown preset"):
        preset_text("../__init__")

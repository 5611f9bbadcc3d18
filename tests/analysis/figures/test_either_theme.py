"""What is drawn once for both themes is what each theme draws."""

from __future__ import annotations

import json

import pytest

from analysis.figures.either_theme import EITHER
from analysis.figures.palette import DARK, LIGHT
from analysis.report.files.images import pictures_of
from analysis.report.findings.evidence import gather
from analysis.report.sections import SECTIONS


def filled(value, colors):
    """The figure as the page's script fills it in."""
    if isinstance(value, str):
        return colors.get(value, value)
    if isinstance(value, list):
        return [filled(entry, colors) for entry in value]
    if isinstance(value, dict):
        return {key: filled(entry, colors) for key, entry in value.items()}
    return value


@pytest.mark.slow
def test_every_figure_of_a_report_has_the_colours_of_its_theme(home):
    evidence = gather("digits-mlp", home=home)
    pictures = [each for section in SECTIONS for each in pictures_of(evidence.of(section.view))]
    compared = 0
    for picture in pictures:
        stored = json.loads(picture.data)
        assert "var(--" not in json.dumps(filled(stored["figure"], stored["colors"]["dark"]))
        if stored["figure"] != json.loads(picture.draw(EITHER).to_json()):
            continue  # Its image is another one than the page's.
        for theme in (LIGHT, DARK):
            drawn = json.loads(picture.draw(theme).to_json())
            assert filled(stored["figure"], stored["colors"][theme.name]) == drawn, picture.id
        compared += 1
    assert compared > 10

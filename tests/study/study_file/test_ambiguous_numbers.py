"""Numbers that YAML 1.1 and YAML 1.2 read as different ones."""

from __future__ import annotations

import pytest

from search_spaces.errors import InputError
from study.study_file.yaml_text import parse_study_text


@pytest.mark.parametrize(
    ("written", "question"),
    [
        ("010", "010 may mean 10 or, octal as in YAML 1.1, 8 (line 2, column 10)"),
        ("-010", "-010 may mean -10 or, octal as in YAML 1.1, -8"),
        ("[2, 010]", "010 may mean 10 or, octal as in YAML 1.1, 8 (line 2, column 14)"),
        ("1:30", "1:30 is 90 in YAML 1.1, which counts in sixties, and text in YAML 1.2"),
        ("1:30.5", "1:30.5 is 90.5 in YAML 1.1"),
    ],
)
def test_wrote_a_number_that_yaml_versions_read_otherwise(written: str, question: str) -> None:
    with pytest.raises(InputError) as asked:
        parse_study_text(f"hyperparameters:\n  depth: {written}\n")
    assert str(asked.value).startswith(question)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("0x10", 16),
        ("1.5", 1.5),
        ("1.0e-3", 1e-3),
        ("'010'", "010"),
        ("'1:30'", "1:30"),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_what_is_read_alike_is_not_asked_about(written: str, value: object) -> None:
    assert parse_study_text(f"key: {written}\n") == {"key": value}

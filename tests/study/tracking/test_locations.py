from __future__ import annotations

import pytest

from study.tracking import public_address


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, ""),
        ("sqlite:////home/ann/mlflow.db", ""),
        ("postgresql://ann:s3cret@db/mlflow", ""),
        ("databricks://profile", ""),
        ("http://mlflow:5000/", "http://mlflow:5000"),
        ("https://ann:s3cret@mlflow.example/team?token=s3cret", "https://mlflow.example/team"),
        ("http://token@mlflow:5000#s3cret", "http://mlflow:5000"),
    ],
)
def test_only_what_a_browser_opens_and_nobody_must_hide_is_told(given, told) -> None:
    assert public_address(given) == told

from __future__ import annotations

import pytest

from study.redaction import redacted


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:hunter2@db/studies",
        "postgresql+psycopg://ann:hunter2@db:5432/studies?sslmode=require",
        # What a person forgot to escape.
        "postgresql://ann:p@hunter2@db/studies",
        "postgresql://ann:hun/ter2hunter2@db/studies",
        "no server at 'http://:hunter2@tracking:5000': refused",
        "mysql://db/x?password=hunter2&ssl=1",
        "host=db dbname=x password=hunter2 user=ann",
        "RAY_AUTH_TOKEN=hunter2",
        "access_token=hunter2",
        "sent Authorization: Bearer hunter2-0123456789 to it",
        "basic aHVudGVyMjpodW50ZXIy",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    shown = redacted(text)
    assert "hunter2" not in shown and "aHVudGVyMjpodW50ZXIy" not in shown and "***" in shown
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "MLflow at http://tracking:5000 does not answer: Connection refused",
        "trial 3 was given up: worker lost",
        "basic research; a bearer of news",
        "postgresql://db/studies",
        "write it as ${DB_PASSWORD}; tokens=3",
        "depth=3, learning_rate=0.1",
    ],
)
def test_the_rest_is_left_alone(text: str) -> None:
    assert redacted(text) == text

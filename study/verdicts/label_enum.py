"""What the three kinds of label have in common: a name in the tables, and a meaning."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """A label; its value is the string that stands in the tables.

    Attributes:
        meaning: What it says about a trial, in a few words.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Label:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

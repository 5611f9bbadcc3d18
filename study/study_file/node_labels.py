"""Which nodes of a cluster a worker may use, by their labels, in Ray's own notation.

| rule | a node fits if its label is |
|---|---|
| `A100` | A100 |
| `!spot` | anything but spot, or absent |
| `in(A100, H100)` | one of these |
| `!in(A100, H100)` | none of these, or absent |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_RULE = re.compile(
    rf"(?P<not>!?)(?:in\((?P<several>{_WORD}(?:, ?{_WORD})*)\)|(?P<one>{_WORD}))", re.ASCII
)
_KEY = re.compile(rf"(?:{_WORD}(?:\.{_WORD})*/)?{_WORD}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class LabelRule:
    """What the label under one key must be.

    Attributes:
        values: That are named.
        negated: Whether they are the ones to avoid.
    """

    values: tuple[str, ...]
    negated: bool

    def allows(self, label: str | None) -> bool:
        """Whether a node with this label (None: without any) fits."""
        return (label in self.values) != self.negated


def parse_label_rule(text: str) -> LabelRule | None:
    """The rule that a text states; None if it states none."""
    found = _RULE.fullmatch(text)
    if found is None:
        return None
    values = found["several"].split(",") if found["several"] else [found["one"]]
    return LabelRule(values=tuple(value.strip() for value in values), negated=bool(found["not"]))


def is_label_key(text: str) -> bool:
    """Whether a text can be a label's key, such as `zone` or `ray.io/accelerator-type`."""
    return _KEY.fullmatch(text) is not None


def allow(rules: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a node with these labels fits all rules."""
    for key, text in rules.items():
        rule = parse_label_rule(text)
        if rule is None or not rule.allows(labels.get(key)):
            return False
    return True

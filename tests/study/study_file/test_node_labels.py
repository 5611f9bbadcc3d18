"""Rules for labels mean what Ray's own selectors mean."""

from __future__ import annotations

import pytest

from study.study_file.node_labels import allow, is_label_key, parse_label_rule

VALID = ["A100", "!spot", "in(A100, H100)", "!in(A100,H100)", "in(a)", "3", "a-b_c.d"]
INVALID = ["", "!", "-a", "a-", "in()", "in(a", "in(a,)", "!!a", "a b", "in(a; b)", "x" * 64, "é"]


@pytest.mark.parametrize(
    ("rule", "label", "fits"),
    [
        ("A100", "A100", True),
        ("A100", "H100", False),
        ("A100", None, False),
        ("!spot", "on-demand", True),
        ("!spot", "spot", False),
        ("!spot", None, True),
        ("in(A100, H100)", "H100", True),
        ("in(A100, H100)", "T4", False),
        ("in(A100, H100)", None, False),
        ("!in(A100,H100)", "T4", True),
        ("!in(A100,H100)", "A100", False),
        ("!in(A100,H100)", None, True),
    ],
)
def test_what_a_rule_allows(rule: str, label: str | None, fits: bool) -> None:
    labels = {} if label is None else {"gpu": label}
    assert allow({"gpu": rule}, labels) is fits
    assert allow({"gpu": rule, "zone": "!x"}, labels) is fits
    assert not allow({"gpu": rule, "zone": "x"}, labels)


def test_the_same_texts_are_rules_here_and_in_ray() -> None:
    labels = pytest.importorskip("ray._private.label_utils")
    for text in VALID:
        assert parse_label_rule(text) is not None
        assert labels.validate_label_selector({"k": text}) is None
    for text in INVALID[1:]:
        assert parse_label_rule(text) is None
        assert labels.validate_label_selector({"k": text}) is not None


def test_the_same_texts_are_keys_here_and_in_ray() -> None:
    labels = pytest.importorskip("ray._private.label_utils")
    for text in ("zone", "ray.io/accelerator-type", "a.b.c/d_e"):
        assert is_label_key(text) and labels.validate_label_key(text) is None
    for text in ("", "-a", "a b", "a/-b", "x" * 64):
        assert not is_label_key(text) and labels.validate_label_key(text) is not None

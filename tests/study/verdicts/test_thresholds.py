from __future__ import annotations

import math
from dataclasses import fields

import pytest

from search_spaces.errors import InputError
from study.verdicts import DEFAULT, Thresholds


def test_overrides_replace_only_what_they_name() -> None:
    changed = DEFAULT.with_overrides({"exploding_ratio": 100, "dead_share": 1})
    assert changed.exploding_ratio == 100
    assert changed.dead_share == 1
    assert changed.vanishing_ratio == DEFAULT.vanishing_ratio
    assert DEFAULT.exploding_ratio == 70
    assert DEFAULT.with_overrides({}) == DEFAULT
    assert Thresholds(**changed.to_dict()) == changed


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'vanishing_ratio'") as raised:
        DEFAULT.with_overrides({"vanishing_ration": 1e-4})
    assert raised.value.key == "vanishing_ration"


@pytest.mark.parametrize("value", ["0.001", None, True, [1.0]])
def test_a_value_must_be_a_number(value: object) -> None:
    with pytest.raises(InputError, match="must be a number, but got") as raised:
        DEFAULT.with_overrides({"swing": value})
    assert raised.value.key == "swing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vanishing_ratio", 0),
        ("vanishing_ratio", 2.0),
        ("exploding_ratio", 1.0),
        ("exploding_ratio", math.inf),
        ("divergence_factor", 0.5),
        ("dead_share", 1.1),
        ("stalled_progress", -0.1),
        ("swing", math.nan),
    ],
)
def test_a_value_must_lie_in_its_domain(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"< {name}.* must hold, but got"):
        DEFAULT.with_overrides({name: value})


def test_every_threshold_has_a_meaning_and_a_source() -> None:
    for one in fields(Thresholds):
        assert one.metadata["meaning"] and one.metadata["source"]


def test_published_values() -> None:
    # AutoTrainer's kernel-gradient rules and SageMaker Debugger's 5 %, as their papers give them.
    assert (DEFAULT.vanishing_ratio, DEFAULT.exploding_ratio) == (1e-3, 70)
    assert (DEFAULT.divergence_factor, DEFAULT.divergence_rise) == (1e6, 0.05)
    assert DEFAULT.stalled_progress == 0.05

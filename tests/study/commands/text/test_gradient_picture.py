from __future__ import annotations

import math

import pytest

from study.commands.text.gradient_picture import BAR, ROWS, picture
from study.diagnosis import LayerGradient


def layer(number: int, initial: float, final: float = 1.0, **about: str) -> LayerGradient:
    given = {"name": f"hidden_{number}", "role": "hidden", "call": "", **about}
    return LayerGradient(layer=number, initial=initial, final=final, **given)  # type: ignore[arg-type]


def lines(*gradients: LayerGradient, unicode: bool = True) -> list[str]:
    return [line.plain for line in picture(gradients, unicode=unicode)]


def test_bars_share_one_logarithmic_scale() -> None:
    drawn = lines(*(layer(number, 10.0 ** (number - 5)) for number in range(1, 6)))
    # The second bar of each row is that of 1, the largest there is.
    lengths = [row.count("█") - BAR for row in drawn[1:]]
    assert lengths[0] == 1 and lengths[-1] == BAR
    steps = [later - before for before, later in zip(lengths, lengths[1:], strict=False)]
    assert max(steps) - min(steps) <= 1, "equal factors are equal lengths"


def test_gradients_that_hardly_differ_do_not_fill_the_picture() -> None:
    first, second = (row.count("█") for row in lines(layer(1, 1.0), layer(2, 1.1))[1:])
    assert abs(first - second) <= 1


@pytest.mark.parametrize(
    ("value", "word"), [(0.0, "zero"), (math.inf, "not finite"), (math.nan, "unknown")]
)
def test_what_has_no_bar_is_a_word(value: float, word: str) -> None:
    row = lines(layer(1, value, value), layer(2, 0.5))[1]
    assert row.count(word) == 2 and "█" not in row


def test_a_deep_network_is_thinned_out_with_a_note() -> None:
    drawn = lines(*(layer(number, 1e-3) for number in range(1, 121)))
    assert len(drawn) == ROWS + 2
    assert "hidden_1 " in drawn[1] and "hidden_120" in drawn[-2]
    assert f"{ROWS} of 120 rows" in drawn[-1]


def test_calls_and_outputs_are_named_and_long_names_cut() -> None:
    drawn = lines(
        layer(1, 1.0, name="recurrent_1", call="first call"),
        layer(2, 1.0, name="a" * 60),
        layer(3, 1.0, name="34", role="output"),
    )
    assert "recurrent_1 first call" in drawn[1]
    assert "aa.." in drawn[2] and "34 (output)" in drawn[3]
    assert max(map(len, drawn)) <= 100


def test_plain_ascii() -> None:
    drawn = "".join(lines(layer(1, 1e-3), layer(2, 0.0), unicode=False))
    assert drawn.isascii() and "#" in drawn

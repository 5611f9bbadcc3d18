"""The character language model against counts made in plain Python."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from study.engine import TASKS, TaskError

POEM = "to be, or not to be: that is the question -\n\u00e4\u4e2d" * 3


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "poem.txt"
    path.write_text(POEM, encoding="utf-8")
    return path


def test_windows_spell_the_text_and_targets_are_one_character_ahead(poem: Path) -> None:
    task = TASKS["text"](file=poem, sequence_length=10)
    alphabet = sorted(set(POEM))
    assert task.vocabulary == task.outputs == len(alphabet)
    assert task.output_at == "time_step"
    windows = (len(POEM) - 1) // 10
    assert task.inputs.shape == task.targets.shape == (windows, 10)
    spelled = "".join(alphabet[code] for code in task.inputs.flatten().tolist())
    ahead = "".join(alphabet[code] for code in task.targets.flatten().tolist())
    assert spelled == POEM[: windows * 10] and ahead == POEM[1 : windows * 10 + 1]


def test_chance_is_the_most_frequent_character_and_its_entropy(poem: Path) -> None:
    task = TASKS["text"](file=poem, sequence_length=7)
    predicted = POEM[1 : 7 * task.examples + 1]
    counts = Counter(predicted)
    assert task.chance == pytest.approx(counts.most_common(1)[0][1] / len(predicted))
    entropy = sum(n / len(predicted) * math.log(len(predicted) / n) for n in counts.values())
    assert task.loss_chance == pytest.approx(entropy)


def test_the_target_is_beyond_one_who_sees_the_present_character_only(poem: Path) -> None:
    task = TASKS["text"](file=poem, sequence_length=7)
    after: defaultdict[str, Counter[str]] = defaultdict(Counter)
    steps = 7 * task.examples
    for now, then in zip(POEM[:steps], POEM[1 : steps + 1], strict=True):
        after[now][then] += 1
    memoryless = sum(each.most_common(1)[0][1] for each in after.values()) / steps
    assert task.target == pytest.approx(memoryless + 0.05 * (1 - memoryless))
    assert task.target > memoryless > task.chance


def test_default_is_pythons_documentation() -> None:
    task = TASKS["text"](characters=50_000)
    text = "".join(chr(c) for c in task.inputs[:3].flatten().tolist())
    assert len(text) == 96
    assert task.examples == 49_999 // 32
    assert task.vocabulary is not None and 60 < task.vocabulary < 200
    assert 0.1 < task.chance < 0.3  # the space
    assert 2.5 < task.loss_chance < 4


def test_memory_is_bounded_whatever_the_length_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("abc\n" * 300_000)
    for length in (8, 512):
        task = TASKS["text"](file=path, sequence_length=length)
        # Inputs and targets are views of the same numbers, 8 bytes a character.
        assert task.inputs.untyped_storage().nbytes() == 8 * 500_000
        assert task.targets.data_ptr() - task.inputs.data_ptr() == 8
    assert TASKS["text"](file=path, characters=100, sequence_length=9).examples == 11


@pytest.mark.parametrize(
    ("options", "parameter", "rule"),
    [
        ({"sequence_length": 500}, "sequence_length", "`sequence_length < characters` must hold"),
        ({"characters": 1}, "characters", "must be >= 2, but got 1"),
        ({"characters": 10}, "sequence_length", "but got 32 and a text of 10 characters"),
    ],
)
def test_numbers_out_of_range(
    poem: Path, options: dict[str, int], parameter: str, rule: str
) -> None:
    with pytest.raises(TaskError) as caught:
        TASKS["text"](file=poem, **options)
    assert rule in str(caught.value) and caught.value.parameter == parameter


def test_what_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there must be a text file .*nowhere.txt, but"):
        TASKS["text"](file=tmp_path / "nowhere.txt")
    with pytest.raises(FileNotFoundError, match="there must be a text file"):
        TASKS["text"](file=tmp_path)
    (tmp_path / "binary").write_bytes(b"text" * 100 + b"\xff")
    with pytest.raises(ValueError, match="binary must be UTF-8 text, but invalid start byte"):
        TASKS["text"](file=tmp_path / "binary")
    (tmp_path / "same").write_text("a" * 100)
    with pytest.raises(ValueError, match="a text must have two different characters"):
        TASKS["text"](file=tmp_path / "same")

"""How seeds are grouped, and what is said of each group."""

from __future__ import annotations

import pandas as pd
import pytest

from study.diagnosis.diagnosis import explanations
from study.tables.schema import CAUSES


def trials(labels: list[tuple[str, str]]) -> pd.DataFrame:
    """Seeds of these verdicts and causes, whose gradient ratio is their number."""
    return pd.DataFrame(
        {
            "trial": range(len(labels)),
            "verdict": [verdict for verdict, _ in labels],
            "cause": [cause for _, cause in labels],
            "delta_ratio_final": [float(number) for number in range(len(labels))],
            "metric_final": 0.5,
            "explanation": [f"sentence {number}" for number in range(len(labels))],
        }
    )


def test_seeds_of_one_cause_are_told_of_together_whatever_their_verdicts() -> None:
    # Four verdicts of five seeds hid that all failed for one reason.
    labels = ["vanishing", "oscillating", "vanishing", "exploding", "vanishing"]
    (told,) = explanations(trials([(label, "input_scale") for label in labels]))
    assert told.summary == (
        f"failed because {CAUSES['input_scale']} (3 vanishing, 1 oscillating, 1 exploding)"
    )
    assert (told.seeds, told.verdict) == (5, "vanishing")
    assert (told.trial, told.text) == (2, "sentence 2"), "the median of the most frequent verdict"


@pytest.mark.parametrize(
    ("label", "summary"),
    [
        (("stable", "none"), "stable"),
        (("stalled", "decayed_rate"), "stalled because the learning rate has decayed away"),
        (("exploding", "unknown"), "exploding, and nothing that was measured explains it"),
    ],
)
def test_a_summary_reads_as_a_sentence(label: tuple[str, str], summary: str) -> None:
    (told,) = explanations(trials([label, label]))
    assert told.summary == summary


def test_the_most_frequent_cause_comes_first() -> None:
    labels = [("stable", "none"), ("slow", "short_training"), ("slow", "short_training")]
    first, second = explanations(trials(labels))
    assert (first.cause, first.seeds, first.trial) == ("short_training", 2, 1)
    assert (second.cause, second.seeds) == ("none", 1)

"""Trials that infrastructure gave up, which the tables do not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from search_spaces.errors import InputError
from study.errors import StorageUnavailable
from study.ledger import trial_failures
from study.paths import StudyPaths
from study.study_file import load_study_file

_NAMED = 3
"""Reasons that a message names."""


def given_up_reasons(paths: StudyPaths) -> Mapping[str, int]:
    """How many trials were given up for which reason, the most frequent first.

    Empty also where that cannot be found out: the study was never run, or its storage does not
    answer.
    """
    try:
        config = load_study_file(paths.study_file)
        failures = trial_failures(name=config.study, storage=config.storage or paths.journal)
    except (InputError, StorageUnavailable):
        return {}
    return dict(Counter(failures.values()).most_common())


def given_up_text(reasons: Mapping[str, int]) -> str:
    """`12 trials were given up: a worker ran out of memory (9), time-out (3)`."""
    total = sum(reasons.values())
    named = [f"{reason.rstrip('.')} ({count})" for reason, count in list(reasons.items())[:_NAMED]]
    more = len(reasons) - _NAMED
    if more > 0:
        named.append(f"{more} other reasons")
    told = "1 trial was given up" if total == 1 else f"{total} trials were given up"
    return f"{told}: {', '.join(named)}"

"""Trials that failed: infrastructure lost them too often, so that the tables have no rows."""

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


def failure_reasons(paths: StudyPaths) -> Mapping[str, int]:
    """How many trials failed for which reason, the most frequent first.

    Empty also where that cannot be found out: the study was never run, or its storage does not
    answer.
    """
    try:
        config = load_study_file(paths.study_file)
        failures = trial_failures(name=config.study, storage=config.storage or paths.journal)
    except (InputError, StorageUnavailable):
        return {}
    return dict(Counter(failures.values()).most_common())


def failures_text(reasons: Mapping[str, int]) -> str:
    """`12 trials failed: a worker ran out of memory (9), time-out (3)`."""
    total = sum(reasons.values())
    named = [f"{reason.rstrip('.')} ({count})" for reason, count in list(reasons.items())[:_NAMED]]
    more = len(reasons) - _NAMED
    if more > 0:
        named.append(f"{more} other reasons")
    counted = "1 trial failed" if total == 1 else f"{total} trials failed"
    return f"{counted}: {', '.join(named)}"

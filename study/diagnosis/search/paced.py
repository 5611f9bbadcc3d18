"""The fix of the data together with larger steps: at another scale other steps are right."""

from __future__ import annotations

from collections.abc import Sequence

from search_spaces.catalogue import Value
from study.diagnosis.change import Change
from study.diagnosis.moves import family_of
from study.diagnosis.search.combinations import Combine
from study.diagnosis.single_changes import Candidate

FASTER = (3.0, 10.0)
"""Factors of the learning rate: that of raw data was made small so as not to diverge on it."""

_REASON = "at another scale of data or loss larger steps are right"


def with_pace(candidates: Sequence[Candidate], rate: Value, combine: Combine) -> list[Candidate]:
    """Returns the candidates, and after those that are the fix these with a larger learning rate.

    Those of the data alone: standardized inputs or targets, weighted labels. They are tried where
    the fix alone does not work, and before what is no fix.

    Args:
        candidates: Single changes; those that are the fix for the cause come first.
        rate: The present learning rate.
        combine: Makes a candidate of several changes.
    """
    assert isinstance(rate, (int, float))
    fixes = [each for each in candidates if each.changes.fix]
    paced = []
    for factor in FASTER:
        faster = Change(
            hyperparameter="learning_rate",
            before=rate,
            after=float(f"{rate * factor:.2g}"),
            size=factor / FASTER[0],
            reason=_REASON,
            aimed=True,
            fix=True,
        )
        for fix in fixes:
            (change,) = fix.changes
            if family_of(change.hyperparameter) == "data":
                paced.append(combine([change, faster]))
    made = [each for each in paced if each is not None]
    return [*fixes, *made, *candidates[len(fixes) :]]

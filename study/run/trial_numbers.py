"""The numbering of a study's trials as its description keeps it: seeds, and confirming trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from search_spaces.samplers import ConfirmingBlock, Numbering, SeedChange

SEEDS_KEY = "seeds_from"
"""Key of a description: from which place on how many trials a configuration, if that changed."""

BLOCKS_KEY = "confirming"
"""Key of a description: the blocks of trials that confirm regions, where there are any."""


def stored_numbering(stored: Mapping[str, Any]) -> Numbering:
    """The numbering that a study's description says."""
    changes = stored.get(SEEDS_KEY) or [{"first": 0, "seeds": stored.get("seeds", 1)}]
    return Numbering(
        [SeedChange(**each) for each in changes],
        [ConfirmingBlock(**each) for each in stored.get(BLOCKS_KEY, ())],
    )


def numbering_entries(numbering: Numbering) -> dict[str, Any]:
    """What a description says of it; nothing of one that is plain."""
    entries: dict[str, Any] = {"seeds": numbering.seeds[-1].seeds}
    if len(numbering.seeds) > 1:
        entries[SEEDS_KEY] = [asdict(each) for each in numbering.seeds]
    if numbering.blocks:
        entries[BLOCKS_KEY] = [asdict(each) for each in numbering.blocks]
    return entries


def with_seeds(numbering: Numbering, seeds: int, place: int) -> Numbering:
    """The same with so many trials a configuration from a place on, at least as many as before.

    Args:
        numbering: The study's until now.
        seeds: Trials a configuration that are wanted.
        place: Place of the trial that is asked next.
    """
    if seeds == numbering.seeds[-1].seeds:
        return numbering
    # A change that no trial has seen is as if it had never been.
    kept = [each for each in numbering.seeds if each.first < place and each.seeds < seeds]
    if not kept:
        return Numbering(seeds, numbering.blocks)
    return Numbering([*kept, SeedChange(first=place, seeds=seeds)], numbering.blocks)

"""Advice of the Deep learning tuning playbook (Godbole et al., 2023)."""

from __future__ import annotations

from study.verdicts.published.recorded import Recorded
from study.verdicts.published.rule import Fires

SOURCE = "Deep learning tuning playbook, 2023"

CLIPPED_SHARE = 0.5


def clipping(records: Recorded) -> Fires:
    """If more than half of the updates are clipped, the learning rate is to be lowered.

    Ours is the share of all steps run.
    """
    return records.figure("clipped_fraction") > CLIPPED_SHARE

"""What a watch cannot see of a module, told to its owner."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from study.watching.observing.ranks import in_parallel
from study.watching.observing.signals import Signals


def notices_of(signals: Sequence[Signals], *, across_ranks: bool) -> list[str]:
    """Returns a sentence for each thing that is not seen.

    Args:
        signals: Of the modules.
        across_ranks: Whether every process that trains them watches.
    """
    found = []
    if not all(each.visible for each in signals):
        found.append("the model is compiled: what passes between its layers is not seen")
    parallel = any(in_parallel(each.called) for each in signals)
    if parallel and not across_ranks and torch.distributed.get_world_size() > 1:
        found.append(
            "one process of several: loss and activations are those of its part of a batch; "
            "with a watch in each and across_ranks=True they are those of all of it"
        )
    return found

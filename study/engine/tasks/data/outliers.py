"""Numbers that are no sample of what the others are."""

from __future__ import annotations

import torch
from torch import Tensor

OUTLYING = 30.0
"""Distance from the median, over that of the middle 80 % of the numbers, beyond which a number is
no sample of what the others are: a code for a missing value, or a slip."""

FEW = 0.1
"""Share of the numbers up to which they are few."""

LOOKED_AT = 100_000
"""Numbers, spread evenly over the data, from which the middle is taken."""


def outliers(values: Tensor) -> str | None:
    """Says which few numbers are far from all others, of a table by column; None if none are.

    >>> outliers(torch.cat([torch.linspace(-1, 1, 99), torch.tensor([-9999.0])]))
    '1 number lies far from all others (-9999)'
    """
    columns = values.double() if values.ndim == 2 else values.double().reshape(-1, 1)
    some = columns[:: max(1, columns.numel() // LOOKED_AT)]
    low, middle, high = some.quantile(torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64), dim=0)
    # Of what is mostly zeros or one label nothing is the middle.
    apart = ((columns - middle).abs() > OUTLYING * (high - low)) & (high > low)
    far = columns[apart]
    if len(far) == 0 or len(far) > FEW * columns.numel():
        return None
    kinds, counts = far.unique(return_counts=True)
    named = kinds[counts.argsort(descending=True, stable=True)][:3]
    listed = ", ".join(f"{float(each):g}" for each in named) + ", ..." * (len(kinds) > 3)
    share = f"{100 * len(far) / columns.numel():.2g} % of the numbers lie"
    return f"{share if len(far) > 1 else '1 number lies'} far from all others ({listed})"

"""Seeds of trials."""

from __future__ import annotations

import numpy as np


def trial_seed(study_seed: int, trial_number: int) -> int:
    """Returns the seed of one trial's initialization and data order, in [0, 2**31).

    A pure function: the same whatever ran before, in which order, or after which restart.

    Args:
        study_seed: `seed` of the study file, >= 0.
        trial_number: Number of the trial in its study, >= 0.

    References:
        numpy.random.SeedSequence: hashed seeds of neighbouring numbers are independent.
    """
    state = np.random.SeedSequence([study_seed, trial_number]).generate_state(1)
    return int(state[0]) >> 1

"""Whether a study has the trials that its grid needs."""

from __future__ import annotations

from search_spaces.samplers import grid_size
from study.study_file import StudyConfig


def grid_notices(config: StudyConfig) -> list[str]:
    """What a grid leaves out that has fewer trials than configurations times seeds."""
    if config.sampler != "grid":
        return []
    cells = grid_size(config.space)
    begun, left = divmod(config.trials, config.seeds)
    missing = cells - begun - (left > 0)
    if not missing and not left:
        return []
    get = "gets" if missing == 1 else "get"
    parts = [f"{missing} of its {cells} configurations {get} no trial"] if missing else []
    if left:
        parts.append(f"one gets {left} of its {config.seeds} seeds")
    return [
        f"trials: {config.trials} does not cover the grid: {' and '.join(parts)}; "
        f"`trials: {cells * config.seeds}`, or leaving trials out, covers it"
    ]

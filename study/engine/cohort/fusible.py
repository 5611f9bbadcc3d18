"""What trials must agree in to be trained together."""

from __future__ import annotations

from collections.abc import Sequence

from study.trial import FUSIBLE, Trial


def check_alike(trials: Sequence[Trial]) -> None:
    """Refuses trials that cannot share a cohort.

    Raises:
        ValueError: If there is none, or two differ in a hyperparameter outside of FUSIBLE.
    """
    if not trials:
        raise ValueError("a cohort must have at least one trial, got none")
    shapes = [_shared(trial) for trial in trials]
    for trial, shape in zip(trials, shapes, strict=True):
        if shape != shapes[0]:
            differing = sorted({name for name, _ in shape ^ shapes[0]})
            raise ValueError(
                f"trials of a cohort must agree in {', '.join(differing)}, but trial "
                f"{trials[0].number} and trial {trial.number} do not"
            )


def _shared(trial: Trial) -> frozenset[tuple[str, object]]:
    return frozenset(
        (name, value) for name, value in trial.hyperparameters.items() if name not in FUSIBLE
    )

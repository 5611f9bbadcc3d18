"""Every threshold of the labels, in one place, each with its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from search_spaces.errors import InputError, unknown
from study.losses import DIVERGENCE_FACTOR


def _threshold(
    default: float, meaning: str, source: str, *, low: float = 0.0, high: float = math.inf
) -> float:
    about: dict[str, object] = {"meaning": meaning, "source": source, "low": low, "high": high}
    value: float = field(default=default, metadata=about)
    return value


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where one label ends and the next begins; docs/verdicts.md has them as a table.

    Raises:
        InputError: If a value is no number, or outside its domain.
    """

    divergence_factor: float = _threshold(
        DIVERGENCE_FACTOR,
        "a loss over this many times the first has diverged; training stops there",
        "value of a lost run in Sohl-Dickstein 2024, arXiv:2402.06184",
        low=1.0,
    )
    divergence_rise: float = _threshold(
        0.05,
        "relative rise of the final over the first loss above which the trial diverged",
        "final over first loss: Sohl-Dickstein 2024; 5 %: SageMaker Debugger, LossNotDecreasing",
    )
    divergence_path: float = _threshold(
        1.0,
        "median update ratio times steps below which parameters hardly moved, so that a rise must"
        " exceed the noise of the first batch",
        "ours; parameters that moved by their own size",
    )
    divergence_noise: float = _threshold(
        2.7,
        "that noise, over the loss swing",
        "3 standard deviations of a batch's loss; the swing of a still network is 2 / sqrt(pi) of"
        " one",
    )
    noise_errors: float = _threshold(
        3.0,
        "standard errors of the measured batch noise within which two losses, or two metrics, do"
        " not differ",
        "three standard deviations",
    )
    swing: float = _threshold(
        0.2,
        "how far the loss goes back and forth a step, over the loss level, that counts as violent",
        "ours; above what batches of 200 or more examples do by chance",
    )
    swing_errors: float = _threshold(
        2.5,
        "the same over the measured noise of a batch, below which it is chance",
        "ours; batches that differ by chance alone change by 2 / sqrt(pi) = 1.1 of their standard"
        " error, and over 20 steps in fewer than 1 of 1,000 trials by 2",
    )
    swing_noise: float = _threshold(
        2.8,
        "the same over the loss level where noise was not measured, for batches of one example;"
        " falls with the root of the batch size",
        "ours; batches of independent squared Gaussian errors change by 2 sqrt(2 / pi) = 1.6 of"
        " their mean, and over 20 steps in fewer than 1 of 1,000 trials by 2.8",
    )
    stalled_progress: float = _threshold(
        0.05,
        "share of the way from chance to the ceiling below which nothing was learned",
        "ours; 5 standard errors of an accuracy of 0.1 over 20 batches of 64",
        high=1.0,
    )
    relapse: float = _threshold(
        0.25,
        "share of the way from chance to the ceiling that was reached and lost again, from which"
        " a trial that misses its target counts as oscillating",
        "ours; five standard errors of a batch of 64, averaged over 20, between two accuracies",
        high=1.0,
    )
    violent_update: float = _threshold(
        0.1,
        "update over the size of all parameters above which an update is violent",
        "DeepDiagnosis, ICSE 2022: upper bound of a healthy lr * |dW| / |W|",
    )
    loss_rise: float = _threshold(
        1.0,
        "relative rise of the largest over the first loss that counts as a blow-up, or as a"
        " catapult where the trial trained",
        "ours; above what batches of 4 examples do by chance",
    )
    clip_dominated_share: float = _threshold(
        0.5,
        "share of clipped steps above which clipping sets the step size",
        "Deep Learning Tuning Playbook, 2023",
        high=1.0,
    )
    edge_band: float = _threshold(
        0.2,
        "relative distance of the learning rate from its limit at the edge of stability",
        "ours; sharpness hovers just above 2 / lr in Cohen et al. 2021",
        high=1.0,
    )
    vanishing_ratio: float = _threshold(
        1e-3,
        "R below which gradients vanish",
        "AutoTrainer, ICSE 2021: first over last kernel gradient",
        high=1.0,
    )
    exploding_ratio: float = _threshold(
        70.0,
        "R above which gradients explode",
        "AutoTrainer, ICSE 2021: first over last kernel gradient",
        low=1.0,
    )
    dead_share: float = _threshold(
        0.9,
        "share of a layer's units, zero on the whole batch, from which the layer is dead",
        "ours; above the half that correlated inputs leave dead in a deep healthy ReLU network,"
        " where SageMaker's 0.5 and AutoTrainer's 0.7 raise false alarms",
        high=1.0,
    )
    saturated_share: float = _threshold(
        0.5,
        "share of a layer's activations above which the layer is saturated",
        "SageMaker Debugger, SaturatedActivation; DeepDiagnosis, ICSE 2022",
        high=1.0,
    )

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            low, high = one.metadata["low"], one.metadata["high"]
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"must be a number, but got {value!r}", key=one.name)
            if not (math.isfinite(value) and low < value <= high):
                rule = f"{low:g} < {one.name}" + (f" <= {high:g}" if high < math.inf else "")
                raise InputError(f"`{rule}` must hold, but got {value!r}", key=one.name)

    def with_overrides(self, overrides: Mapping[str, object]) -> Thresholds:
        """These thresholds with some replaced.

        Args:
            overrides: Values by name, as a study file's `thresholds:` gives them.

        Raises:
            InputError: If a name is unknown or a value is outside its domain; `key` is the name.
        """
        names = [one.name for one in fields(self)]
        for name in overrides:
            if name not in names:
                raise InputError(unknown("threshold", name, names), key=str(name))
        return replace(self, **overrides)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, float]:
        """Values by name, as the tables' metadata keeps them."""
        return asdict(self)


DEFAULT = Thresholds()
"""The thresholds of a study that overrides none."""

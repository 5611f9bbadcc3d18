"""A real study finds the stability limits of update rules, on the quadratic where they are exact.

The largest learning rate whose verdict is stable is read off the trials, as a person would.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import load_trials
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.tracking import NullTracker

LARGEST = 10.0

FACTORS = (0.5, 0.8, 0.9, 0.96, 0.98, 0.99, 1.01, 1.02, 1.04, 1.1, 1.5, 2.0)

STUDY = """
study: edge
task: quadratic
task_options: {{eigenvalues: [10.0, 6.0, 3.0]}}
network: linear
hyperparameters:
  optimizer: sgd
  initialization: mean_field
  batch_size: 3
  learning_rate: {rates}
{settings}
steps: 400
seeds: 3
sampler: grid
statistics: full
"""

RULES = [
    ("gradient descent", "", 2 / LARGEST),
    ("weight decay", "  weight_decay: 2.0", 2 / (LARGEST + 2)),
    ("heavy ball", "  momentum: 0.9", 2 * 1.9 / LARGEST),
    (
        "nesterov",
        "  momentum: 0.9\n  momentum_kind: nesterov",
        (2 + 2 * 0.9) / ((1 + 2 * 0.9) * LARGEST),
    ),
    (
        "nesterov, weight decay",
        "  momentum: 0.5\n  momentum_kind: nesterov\n  weight_decay: 2.0",
        3 / (2 * (LARGEST + 2)),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "limit"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_the_largest_stable_learning_rate(tmp_path: Path, settings: str, limit: float) -> None:
    rates = [factor * limit for factor in FACTORS]
    config = StudyConfig.from_text(STUDY.format(rates=rates, settings=settings))
    result = run_study(
        config,
        home=tmp_path,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    assert result.complete
    trials = load_trials("edge", home=tmp_path)
    assert len(trials) == len(FACTORS) * 3
    stable = trials.verdict == "stable"
    largest = trials.learning_rate[stable].max()
    assert largest == pytest.approx(limit, rel=0.02)
    # Not an edge that is blurred: all below train, in all above the loss explodes.
    assert stable[trials.learning_rate <= largest].all()
    assert (trials.verdict[trials.learning_rate > largest] == "exploding").all()
    assert trials.predicted_max_learning_rate.to_numpy() == pytest.approx(limit, rel=1e-3)
    edges = trials.learning_rate / limit
    assert trials.edge_ratio.to_numpy() == pytest.approx(edges.to_numpy(), rel=1e-3)

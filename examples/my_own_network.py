"""My own network and task: a study of them, from Python, and what it says.

    python examples/my_own_network.py [FOLDER]

Both are functions of this file, named as `module:function` in the study.
"""

# %%
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from analysis import load_trials, stability_regions, verdict_counts, write_report
from study import StudyConfig, Task, classification, run_study
from study.dispatch import InProcessDispatcher


# %% A network: hyperparameters in, a module out; `gain` is one of its own
def gated(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Linear layers and tanh, of which the weights are scaled by `gain`."""
    modules: list[nn.Module] = [nn.Flatten()]
    features = task.features
    for _ in range(hyperparameters["depth"]):
        layer = nn.Linear(features, 32)
        with torch.no_grad():
            layer.weight.normal_(0, hyperparameters["gain"] / features**0.5)
            layer.bias.zero_()
        modules += [layer, nn.Tanh()]
        features = 32
    return nn.Sequential(*modules, nn.Linear(features, task.outputs))


# %% A task: two rings that a line does not part
def rings(seed: int = 0) -> Task:
    """Which of two rings a point of the plane lies on."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.arange(1000) % 2
    angle = 6.283 * torch.rand(1000, generator=generator)
    radius = 1 + label + 0.1 * torch.randn(1000, generator=generator)
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return classification("rings", points, label, classes=2, target=0.9)


# %% The study: how deep, how large a gain, how large a learning rate
FILE = """
study: rings
task: my_own_network:rings
network: my_own_network:gated
hyperparameters:
  depth: [2, 8]
  gain: {low: 0.3, high: 3.0, log: true}
  learning_rate: {low: 1.0e-3, high: 1.0, log: true}
  batch_size: 32
steps: 60
trials: 24
"""


def main(folder: Path) -> None:
    """Runs the study in this process, and writes its report."""
    here = Path(__file__).parent
    run_study(
        StudyConfig.from_text(FILE), home=folder, dispatcher=InProcessDispatcher(), code=[here]
    )
    trials = load_trials("rings", home=folder)
    print(verdict_counts(trials)[["verdict", "trials"]].to_string(index=False))
    print(stability_regions(trials, "gain")[["x", "trials", "probability", "low", "high"]])
    print(write_report("rings", home=folder))


# %%
if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))

"""A generative pair: which learning rates train a variational autoencoder of digits?

    python examples/variational_autoencoder.py [FOLDER]

One network says where in a small space a digit lies, another draws the digit from there. The loss
is the negative evidence lower bound: what the drawing costs, and how far the place lies from the
prior (Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014, eq. 10). The network draws
at random while it trains; each trial draws what its own seed says.
"""

# %%
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from analysis import load_trials
from study import StudyConfig, Task, batch_task, run_study
from study.dispatch import InProcessDispatcher

PIXELS = 64


# %% The loss, in nats an image
def negative_bound(outputs: Mapping[str, Tensor], pixels: Tensor) -> Tensor:
    """Computes cross-entropy of the pixels plus divergence from the prior, (B,)."""
    drawing = functional.binary_cross_entropy_with_logits(
        outputs["logits"], pixels, reduction="none"
    ).sum(dim=1)
    mean, log_variance = outputs["mean"], outputs["log_variance"]
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
    return drawing + divergence


def black_and_white() -> Task:
    """Digits of 0 and 1; who ignores them can only draw each pixel as often as it is set.

    No loss of 0 can be had, for to tell digits apart costs nats as well: 0.15 of the way is far.
    """
    pixels = (torch.tensor(load_digits().data, dtype=torch.float32) > 7).float()
    share = pixels.mean(dim=0)
    by_chance = float((torch.special.entr(share) + torch.special.entr(1 - share)).sum())
    return batch_task(
        "digits", (pixels, pixels), loss=negative_bound, loss_chance=by_chance, target=0.15
    )


# %% The pair
class Pair(nn.Module):
    """Encoder and decoder with one hidden layer each.

    Args:
        width: Units of each hidden layer.
        latent: Numbers of the small space.
    """

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(PIXELS, width), nn.Tanh(), nn.Linear(width, 2 * latent)
        )
        self.decoder = nn.Sequential(nn.Linear(latent, width), nn.Tanh(), nn.Linear(width, PIXELS))

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        mean, log_variance = self.encoder(pixels).chunk(2, dim=1)
        place = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return {"logits": self.decoder(place), "mean": mean, "log_variance": log_variance}


def pair(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Of `units` hidden units and 8 numbers between encoder and decoder."""
    return Pair(hyperparameters["units"], 8)


# %% The study
FILE = """
study: autoencoder
task: variational_autoencoder:black_and_white
network: variational_autoencoder:pair
hyperparameters:
  units: 64
  optimizer: adam
  initialization: xavier_normal
  batch_size: 32
  learning_rate: [1.0e-2, 2.0e-2, 1.0, 3.0]
steps: 300
trials: 4
sampler: grid
"""


def main(folder: Path) -> None:
    """Runs the study in this process, and prints what became of each learning rate."""
    here = Path(__file__).parent
    run_study(
        StudyConfig.from_text(FILE), home=folder, dispatcher=InProcessDispatcher(), code=[here]
    )
    trials = load_trials("autoencoder", home=folder).sort_values("learning_rate")
    print(trials[["learning_rate", "verdict", "metric_final"]].to_string(index=False))


# %%
if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))

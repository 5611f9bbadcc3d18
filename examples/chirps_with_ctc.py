"""Speech in small: which learning rates train a network whose loss aligns sounds with words?

    python examples/chirps_with_ctc.py [FOLDER]

Words of three out of four chirps, each at a time of its own, as spectra under noise; the labels
say which, and not when. Connectionist temporal classification (Graves et al., ICML 2006) sums over
all alignments. A loss of one's own on data of one's own comes in by `study.batch_task`.
"""

# %%
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis import load_trials
from study import StudyConfig, Task, batch_task, run_study
from study.dispatch import InProcessDispatcher

FRAMES, BANDS = 24, 10
SOUNDS = ((1.0, 8.0), (8.0, 1.0), (2.0, 2.0), (7.0, 7.0))
"""Bands in which a chirp begins and ends: rising, falling, low, high."""

BLANK, WORD = 0, 3


# %% The data: N spectra (N, 24, 10), and which chirps are in each, (N, 3), from 1 on
def spectra(examples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws words, begins each chirp at a random frame of its third, and adds noise."""
    labels = torch.randint(len(SOUNDS), (examples, WORD), generator=generator)
    begins = torch.randint(3, (examples, WORD), generator=generator) + 8 * torch.arange(WORD)
    low, high = torch.tensor(SOUNDS)[labels].unbind(2)
    # Frames since the chirp began, as a share of its 6 frames: (N, 3, 24).
    since = (torch.arange(FRAMES) - begins.unsqueeze(2)) / 5
    middle = low.unsqueeze(2) + (high - low).unsqueeze(2) * since
    sounding = ((since >= 0) & (since <= 1)).unsqueeze(3)
    bumps = torch.exp(-((middle.unsqueeze(3) - torch.arange(BANDS)) ** 2) / 2) * sounding
    noise = torch.randn(examples, FRAMES, BANDS, generator=generator)
    return bumps.sum(dim=1) + 0.2 * noise, labels + 1


# %% The loss: outputs (B, 24, 5) are logits of the blank and the four chirps, frame by frame
def ctc(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes the negative logarithm of the word's probability, by chirp, (B,)."""
    lengths = torch.full((len(labels),), FRAMES), torch.full((len(labels),), WORD)
    frames_first = outputs.log_softmax(dim=2).transpose(0, 1)
    losses = functional.ctc_loss(frames_first, labels, *lengths, blank=BLANK, reduction="none")
    return losses / WORD


def chirps(*, examples: int = 1000) -> Task:
    """Words of chirps; who hears nothing knows at best how often the blank is to be said."""
    inputs, labels = spectra(examples, torch.Generator().manual_seed(0))
    deaf = torch.zeros(2, FRAMES, 1 + len(SOUNDS))
    by_chance = []
    for blank in torch.linspace(0, 6, 61):
        deaf[..., BLANK] = blank
        by_chance.append(float(ctc(deaf, torch.tensor([[1, 2, 3], [1, 1, 2]]))[0]))
    return batch_task("chirps", (inputs, labels), loss=ctc, loss_chance=min(by_chance), target=0.7)


# %% The network: convolutions over time
def listener(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """`depth` convolutions over five frames of `channels` channels, and logits for each frame."""
    channels = hyperparameters["channels"]
    layers: list[nn.Module] = [FramesLast()]
    before = BANDS
    for _ in range(hyperparameters["depth"]):
        layers += [nn.Conv1d(before, channels, 5, padding=2), nn.ReLU()]
        before = channels
    return nn.Sequential(*layers, nn.Conv1d(before, 1 + len(SOUNDS), 1), FramesLast())


class FramesLast(nn.Module):
    """Swaps frames and bands, (B, 24, 10) to (B, 10, 24) or back."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.transpose(1, 2)


# %% The study
FILE = """
study: chirps
task: chirps_with_ctc:chirps
network: chirps_with_ctc:listener
hyperparameters:
  depth: 2
  channels: 16
  optimizer: adam
  initialization: he_normal
  batch_size: 16
  learning_rate: [5.0e-3, 1.0e-2, 1.0, 3.0]
steps: 150
trials: 4
sampler: grid
"""


def main(folder: Path) -> None:
    """Runs the study in this process, and prints what became of each learning rate."""
    # Trials run together all the same; torch works out each one's CTC alone, and warns of it.
    warnings.filterwarnings("ignore", message=".*batching rule for aten::ctc_loss")
    here = Path(__file__).parent
    run_study(
        StudyConfig.from_text(FILE), home=folder, dispatcher=InProcessDispatcher(), code=[here]
    )
    trials = load_trials("chirps", home=folder).sort_values("learning_rate")
    print(trials[["learning_rate", "verdict", "metric_final"]].to_string(index=False))


# %%
if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))

"""Chirps: speech in small, whose labels say which sounds there are and not when."""

from __future__ import annotations

import torch
from torch import Tensor

from study.engine.tasks.alignment import BLANK, alignment_loss, words_right
from study.engine.tasks.error import TaskError, check_at_least
from study.engine.tasks.task import Task

SEED = 2006

EXAMPLES = 4000

BANDS = 10

SOUNDS = ((1.0, 8.0), (8.0, 1.0), (2.0, 2.0), (7.0, 7.0))
"""Bands in which a chirp begins and ends: rising, falling, low, high."""

FRAMES, LENGTH, LATEST = 8, 6, 3
"""Frames that a chirp has to itself, that it sounds, and the places in which it may begin."""

TARGET = 0.5

WORDS = 1024
"""Of which the loss by chance is the mean."""


def chirps(*, sounds: int = 3, noise: float = 0.2, examples: int = EXAMPLES) -> Task:
    """Spectra (N, 8 S, 10) of words of S chirps under noise; targets (N, S) say which of four.

    A chirp sounds for 6 of its 8 frames, from a frame of its own on, and its band moves: it rises,
    falls, stays low or stays high. Outputs are logits of a blank and the four at each frame; the
    loss sums over all alignments of the word with the frames (connectionist temporal
    classification) and is divided by S. The metric is the share of words that the likeliest
    path says; who hears nothing says none.

    Args:
        sounds: S, chirps of a word, at least 1.
        noise: Standard deviation of the noise, >= 0; a chirp's band sounds with 1.
        examples: N, at least 2.

    Raises:
        TaskError: If a number is out of range.

    References:
        Graves et al., Connectionist temporal classification, ICML 2006.
    """
    check_at_least(1, sounds=sounds)
    check_at_least(2, examples=examples)
    if not 0 <= noise < float("inf"):
        raise TaskError(f"must be >= 0 and finite, but got {noise:g}", parameter="noise")
    generator = torch.Generator().manual_seed(SEED)
    words = torch.randint(len(SOUNDS), (examples, sounds), generator=generator)
    begins = torch.randint(LATEST, words.shape, generator=generator)
    spectra = _spectra(words, begins + FRAMES * torch.arange(sounds))
    spectra += noise * torch.randn(spectra.shape, generator=generator, dtype=torch.float64)
    return Task(
        name="chirps",
        inputs=spectra,
        targets=words + 1,
        outputs=1 + len(SOUNDS),
        loss=alignment_loss,
        metric=words_right,
        metric_name="words right",
        chance=0.0,
        ceiling=1.0,
        target=TARGET,
        loss_chance=_by_chance(words + 1, spectra.shape[1]),
        output_at="time_step",
    )


def _spectra(words: Tensor, begins: Tensor) -> Tensor:
    """Bumps of one band's width that move from a chirp's first band to its last, (N, T, 10)."""
    low, high = torch.tensor(SOUNDS, dtype=torch.float64)[words].unbind(2)
    frames = torch.arange(FRAMES * words.shape[1])
    # How far each chirp is in each frame, from 0 to 1: (N, S, T).
    since = (frames - begins.unsqueeze(2)) / (LENGTH - 1)
    band = low.unsqueeze(2) + (high - low).unsqueeze(2) * since
    bumps = torch.exp(-((band.unsqueeze(3) - torch.arange(BANDS)) ** 2) / 2)
    sounding = ((since >= 0) & (since <= 1)).unsqueeze(3)
    return (bumps * sounding).sum(dim=1)


def _by_chance(labels: Tensor, frames: int) -> float:
    """The loss of the best constant answer: sounds alike, the blank as often as is best."""
    words, counts = labels[:WORDS].unique(dim=0, return_counts=True)

    def loss(blank: float) -> float:
        logits = torch.zeros(len(words), frames, 1 + len(SOUNDS), dtype=torch.float64)
        logits[..., BLANK] = blank
        return float((alignment_loss(logits, words) * counts).sum() / counts.sum())

    # Its logit to 1, then to 0.1 and to 0.01: the loss has one valley.
    best, near = 2.0, 5
    for step in (1.0, 0.1, 0.01):
        around = [best + step * number for number in range(-near, near + 1)]
        best = min(around, key=loss)
    return loss(best)

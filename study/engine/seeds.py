"""Random streams of a trial. Each use has its own, so that none shifts another."""

from __future__ import annotations

import numpy as np
import torch

_INITIALIZATION, _DATA, _MODULE, _NOISE, _SHARPNESS = range(5)


def initialization_generator(seed: int) -> torch.Generator:
    """Draws the initial weights."""
    return torch.Generator().manual_seed(_stream(seed, _INITIALIZATION))


def data_generator(seed: int) -> torch.Generator:
    """Draws the order of the data."""
    return torch.Generator().manual_seed(_stream(seed, _DATA))


def module_seed(seed: int) -> int:
    """Seeds torch's global generator while a network's author initializes it."""
    return _stream(seed, _MODULE)


def noise_seed(seed: int, step: int) -> int:
    """Seeds torch's global generators for one forward pass of a network that draws (dropout)."""
    return _stream(seed, _NOISE, step)


def seed_torch(seed: int) -> None:
    """Seeds torch's global generators, as `torch.manual_seed` does.

    That one writes down the stack for a CUDA which is not there: 1 ms, as much as a step.
    """
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def sharpness_generator(seed: int) -> torch.Generator:
    """Draws the direction in which the search for the largest curvature starts."""
    return torch.Generator().manual_seed(_stream(seed, _SHARPNESS))


def _stream(seed: int, *use: int) -> int:
    return int(np.random.SeedSequence((seed, *use)).generate_state(1)[0])

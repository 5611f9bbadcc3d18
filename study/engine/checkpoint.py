"""Checkpoints of a cohort in training: plain tensors and numbers, loaded weights-only."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from study.trial import Trial

_logger = logging.getLogger("gradscape.engine")

State = dict[str, Any]
"""Tensors, numbers and names in dictionaries and lists."""


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """Where cohorts keep checkpoints, and how often.

    Attributes:
        folder: Made when needed. A cohort that is done leaves nothing in it.
        every_s: Seconds between checkpoints; a shorter cohort makes none.
    """

    folder: Path
    every_s: float = 300.0


def source_of(function: Callable[..., Any]) -> str:
    """Returns the text of the module that a person's function stands in, else the function's name.

    A network that was fixed must not go on from what the broken one left.
    """
    module = inspect.getmodule(function)
    try:
        return "" if module is None else inspect.getsource(module)
    except OSError:  # Typed in, not in a file.
        return getattr(function, "__qualname__", type(function).__name__)


class CheckpointFile:
    """The checkpoint of one cohort; its name says which trials and settings it belongs to.

    Args:
        checkpoints: The folder, and how often to write.
        trials: The cohort's trials, in their order.
        settings: What else the training depends on.
    """

    def __init__(
        self, checkpoints: Checkpoints, trials: Sequence[Trial], settings: Sequence[object]
    ) -> None:
        described = [[trial.number, trial.seed, dict(trial.hyperparameters)] for trial in trials]
        text = json.dumps([described, [str(setting) for setting in settings]], sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self._path = checkpoints.folder / f"cohort-{name}.pt"
        self._every_s = checkpoints.every_s
        self._saved = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last one is old enough for another."""
        return time.monotonic() - self._saved >= self._every_s

    def save(self, state: State) -> None:
        """Writes the checkpoint in place of the last one, whole or not at all.

        A training goes on without one that cannot be written, and says so in the log.
        """
        unfinished = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, unfinished)
            unfinished.replace(self._path)
        except (OSError, RuntimeError) as error:  # A full disk is a RuntimeError of torch's.
            if unfinished.exists():
                unfinished.unlink()
            _logger.warning("no checkpoint could be written: %s", str(error).splitlines()[0])
        self._saved = time.monotonic()

    def load(self, device: torch.device) -> State | None:
        """Reads the last checkpoint; None if there is none."""
        if not self._path.exists():
            return None
        state: State = torch.load(self._path, map_location=device, weights_only=True)
        return state

    def remove(self) -> None:
        """Nothing of this cohort is needed any more."""
        if self._path.exists():
            self._path.unlink()

"""Python's, NumPy's and Keras' global random states, seeded for a while."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_KERAS_STATE = "keras.src.backend.common.global_state"
"""Where Keras keeps its global seed generator; it has no public way to read it."""

_KERAS_GENERATOR = "global_seed_generator"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds what a person's code may draw from beside torch; leaves it as it was found.

    Keras' initializers take their seeds from Python's generator, its unseeded functions from a
    global one that is made when it is first used.

    Args:
        seed: Any integer >= 0.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    keras_generator = _exchange_keras_generator(None)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        _exchange_keras_generator(keras_generator)


def position() -> tuple[Any, ...]:
    """Returns where these generators are; positions differ if anything was drawn in between."""
    state: Any = sys.modules.get(_KERAS_STATE)
    generator = None if state is None else state.get_global_attribute(_KERAS_GENERATOR)
    drawn = () if generator is None else tuple(generator.state.value.tolist())
    numpy_state = [np.asarray(part).tobytes() for part in np.random.get_state()]
    return random.getstate(), *numpy_state, drawn


def _exchange_keras_generator(generator: Any) -> Any:
    """Puts this one instead of Keras' global seed generator, which it returns."""
    state: Any = sys.modules.get(_KERAS_STATE)
    if state is None:
        return None
    previous = state.get_global_attribute(_KERAS_GENERATOR)
    state.set_global_attribute(_KERAS_GENERATOR, generator)
    return previous

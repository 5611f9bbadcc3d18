"""Keras, where it has been imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn


def keras_library() -> Any:
    """Returns the package, or None where nobody has imported it."""
    library = sys.modules.get("keras")
    return library if hasattr(library, "Layer") else None


def is_keras_layer(made: object) -> bool:
    """Returns whether this is a Keras model, or a layer of one."""
    keras = keras_library()
    return keras is not None and isinstance(made, keras.Layer)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Lets what goes wrong in a layer be raised as it is: Keras puts its cause into line three."""
    config = keras_library().config
    filtered = config.is_traceback_filtering_enabled()
    config.disable_traceback_filtering()
    try:
        yield
    finally:
        if filtered:
            config.enable_traceback_filtering()


def check_torch_backend() -> None:
    """Raises:
    ValueError: If Keras was imported with another backend.
    """
    keras = keras_library()
    backend = keras.backend.backend()
    if backend != "torch":
        raise ValueError(
            f"a Keras model must run on the torch backend, but Keras runs on {backend}; set "
            f'os.environ["KERAS_BACKEND"] = "torch" before the first `import keras`'
        )


def check_dtype(hyperparameters: Mapping[str, Any]) -> None:
    """Raises:
    ValueError: If the trial asks for what Keras does not have on torch.
    """
    # keras.backend.result_type("float64", "float64") is "float32": operands are rounded.
    if hyperparameters.get("dtype") == "float64":
        raise ValueError(
            "on the torch backend Keras computes in float32, whatever it is given, but the "
            "hyperparameter dtype is float64; for a Keras model it may be float32 or bfloat16"
        )


def check_unmixed(module: nn.Module) -> None:
    """Raises:
    ValueError: If a torch module has a Keras layer inside, whose parameters torch cannot reach.
    """
    for name, child in module.named_modules():
        if is_keras_layer(child):
            raise ValueError(
                f"a torch module must have torch modules only, but its {name} is a Keras "
                f"{type(child).__name__}; return a Keras model, or use torch layers throughout"
            )

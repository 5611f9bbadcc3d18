"""Keras 3 models on the torch backend as networks.

Nothing here imports Keras: a person's factory has done so, or there is no model.
"""

from study.engine.keras_models.building import build

__all__ = ["build"]

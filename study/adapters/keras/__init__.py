"""Keras 3 models on the torch backend as networks.

Nothing here imports Keras: a person's factory has done so, or there is no model.
"""

from study.adapters.keras.building import as_module, while_building

__all__ = ["as_module", "while_building"]

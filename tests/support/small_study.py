"""A study file that trains in a moment: two depths, two activations, a range of learning rates."""

from __future__ import annotations

_SPACE = """\
task: teacher
network: mlp
hyperparameters:
  depth: [2, 3]
  width: 8
  activation: [tanh, relu]
  learning_rate: {low: 1.0e-3, high: 1.0, log: true}
  batch_size: 16
"""


def small_study(name: str, **keys: object) -> str:
    """Returns the file's text.

    Args:
        name: Of the study.
        keys: Further keys, written as they are.
    """
    return f"study: {name}\n{_SPACE}" + "".join(f"{key}: {value}\n" for key, value in keys.items())

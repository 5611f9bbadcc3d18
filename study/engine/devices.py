"""Why this process cannot train on a GPU."""

from __future__ import annotations

import os

import torch


def cuda_missing() -> str | None:
    """Returns the reason why torch finds no GPU here; None if it finds one."""
    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None:
        return f"torch {torch.__version__} was built without it"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return f"torch {torch.__version__} finds no GPU or no driver"
    return f"torch {torch.__version__} finds no GPU among CUDA_VISIBLE_DEVICES={visible}"

"""Clipping of gradients, per trial: adaptive, by value, by global norm."""

from study.engine.clipping.clipping import Clipped, Clipping

__all__ = ["Clipped", "Clipping"]

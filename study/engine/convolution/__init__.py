"""Convolutions whose weights differ by trial, as fast as the device allows."""

from study.engine.convolution.functions import conv2d
from study.engine.convolution.geometry import Geometry
from study.engine.convolution.modules import use_batched_convolutions

__all__ = ["Geometry", "conv2d", "use_batched_convolutions"]

"""Convolutions whose weights differ by trial as batched matrix products.

For devices with fast products. On a CPU the columns' memory traffic costs more than what torch's
grouped convolutions cost, at every shape measured.
"""

from study.engine.convolution.functions import conv2d
from study.engine.convolution.geometry import Geometry
from study.engine.convolution.modules import use_batched_convolutions

__all__ = ["Geometry", "conv2d", "use_batched_convolutions"]

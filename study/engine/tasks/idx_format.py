"""The IDX format of MNIST's files: a magic number, sizes, then one byte a pixel or label.

References:
    LeCun, Cortes and Burges, The MNIST database of handwritten digits, "File formats".
"""

from __future__ import annotations

import gzip
import math
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np
import numpy.typing as npt

UNSIGNED_BYTE = 0x08
"""The only element type that images and labels come in."""

GZIP = b"\x1f\x8b"

LARGEST = 500_000_000
"""Bytes that are read of a file at most, 2 GB in single precision."""


def read_idx(path: Path, *, dimensions: int, first: int | None = None) -> npt.NDArray[np.uint8]:
    """Returns the array in an IDX file of unsigned bytes, compressed with gzip or not.

    Args:
        path: The file.
        dimensions: That it must have: 3 for images (N, height, width), 1 for labels (N,).
        first: Only so many entries along the first axis; by default all.

    Raises:
        ValueError: If it is no such file, too large, or shorter or longer than its header says.
        OSError: If it cannot be read.
    """
    try:
        with _opened(path) as file:
            sizes = _sizes(file, path, dimensions)
            inner = math.prod(sizes[1:])
            count = sizes[0] if first is None else min(first, sizes[0])
            if count * inner > LARGEST:
                raise ValueError(
                    f"{path} has {count * inner} bytes in {count} entries, but at most {LARGEST} "
                    f"have room; give a smaller number of examples"
                )
            data = _exactly(file, count * inner, path)
            if count == sizes[0] and file.read(1):
                raise ValueError(f"{path} holds more bytes than its header says: {sizes}")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    return np.frombuffer(data, dtype=np.uint8).reshape(count, *sizes[1:])


def _opened(path: Path) -> BufferedIOBase:
    """By content, not by name: some tools unpack a file and leave its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP
    return gzip.open(path, "rb") if compressed else path.open("rb")


def _sizes(file: BufferedIOBase, path: Path, dimensions: int) -> tuple[int, ...]:
    magic = _exactly(file, 4, path)
    wanted = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if magic != wanted:
        raise ValueError(
            f"{path} must begin with 0x{wanted.hex()} (IDX, unsigned bytes, {dimensions} "
            f"{'dimension' if dimensions == 1 else 'dimensions'}), but begins with "
            f"0x{magic.hex()}"
        )
    header = _exactly(file, 4 * dimensions, path)
    sizes = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
    if min(sizes) == 0:
        raise ValueError(f"{path} must hold at least one byte, but its sizes are {sizes}")
    return sizes


def _exactly(file: BufferedIOBase, count: int, path: Path) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError(
            f"{path} holds fewer bytes than its header says: {len(data)} of {count} are there"
        )
    return data

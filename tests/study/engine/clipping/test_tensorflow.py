"""The same numbers as tf.clip_by_value and, but for torch's 1e-6, tf.clip_by_global_norm."""

from __future__ import annotations

import math

import pytest
import torch

from study.engine.clipping import Clipping
from study.engine.cohort.blocks import Blocks
from tests.study.engine.clipping.cohort import RULES, SHAPES, assert_same, clip, norm, tensors

# The example in the documentation of tf.clip_by_value.
GIVEN = [[-10.0, -1.0, 0.0], [0.0, 2.0, 10.0]]
LIMITED = [[-1.0, -1.0, 0.0], [0.0, 1.0, 1.0]]


def test_documented_example_of_clip_by_value() -> None:
    gradient = torch.tensor(GIVEN)[None, None]
    blocks = Blocks(
        [["w"]],
        [{"w": gradient[0, 0]}],
        order=["w"],
        device=gradient.device,
        dtype=torch.float32,
    )
    clipping = Clipping([{"clip_value": 1.0}], device=gradient.device, dtype=torch.float32)
    clipping.clip([gradient], blocks, gradient.norm().view(1))
    assert gradient[0, 0].tolist() == LIMITED


@pytest.mark.parametrize("limit", [0.1, 1.0, 1e4])
def test_documented_formula_of_clip_by_global_norm(limit: float) -> None:
    """t * clip_norm / max(global_norm, clip_norm)."""
    gradients = tensors(3, seed=1)
    after, _ = clip([{"clip_norm": limit}] * 3, gradients)
    for trial in range(3):
        shrink = limit / max(norm(gradients[trial]), limit)
        expected = {name: value * shrink for name, value in gradients[trial].items()}
        assert_same(after[trial], expected, rtol=2e-6, atol=0.0)


def test_tensorflow_itself() -> None:
    tf = pytest.importorskip(
        "tensorflow", reason="TensorFlow is not installed: pip install tensorflow-cpu"
    )
    gradients = tensors(4, seed=1)
    by_norm, _ = clip(RULES["norm"], gradients)
    by_value, _ = clip(RULES["value"], gradients)
    for trial in range(4):
        given = [tf.constant(value.numpy()) for value in gradients[trial].values()]
        limit = RULES["norm"][trial]["clip_norm"]
        if limit != "none":
            theirs, length = tf.clip_by_global_norm(given, limit)
            assert float(length) == pytest.approx(norm(gradients[trial]), rel=1e-12)
            expected = {n: torch.tensor(t.numpy()) for n, t in zip(SHAPES, theirs, strict=True)}
            assert_same(by_norm[trial], expected, rtol=2e-6, atol=0.0)
        limit = RULES["value"][trial].get("clip_value", math.inf)
        cut = [tf.clip_by_value(one, -limit, limit).numpy() for one in given]
        expected = {n: torch.tensor(t) for n, t in zip(SHAPES, cut, strict=True)}
        assert_same(by_value[trial], expected, rtol=0.0, atol=0.0)

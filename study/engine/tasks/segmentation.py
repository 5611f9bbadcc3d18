"""Segmentation: which pixels belong to a shape, and of which kind it is.

Axes: N examples, S pixels of a side of the canvas, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from study.engine.tasks.data.standardization import standardized
from study.engine.tasks.error import check_at_least
from study.engine.tasks.measures import cross_entropy
from study.engine.tasks.task import Task

SEED = 2012

EXAMPLES = 4000

BACKGROUND = 0
CLASSES = 4
"""The background, squares, discs and triangles."""

SMALLEST, LARGEST = 6, 9
"""Pixels of a shape's sides."""

NOISE = 0.2
"""Standard deviation, the shapes' brightness being from 0.5 to 1."""

TARGET = 0.5
"""Who sees every shape and not its kind, and says one kind always, has 0.37."""


def segmentation(*, canvas: int = 16, shapes: int = 2, examples: int = EXAMPLES) -> Task:
    """Canvases (N, 1, S, S) of shapes under noise; targets (N, S * S) are the class of each pixel.

    Squares (1), discs (2) and triangles (3) of 6 to 9 pixels a side, as bright as each other on
    average, at random places of a dark canvas (0); a later one hides what it covers. Inside, all
    kinds look the same, so that a pixel's class is told by the outline around it. Outputs are C
    numbers a pixel, class by class as channels are flattened, (N, C * S * S). The loss is the
    cross-entropy, a mean over pixels; the metric is the intersection over the union of what is
    said and what is there: of all pixels that either calls a shape, the share on which both agree.

    Args:
        canvas: S, pixels, at least 10.
        shapes: On each canvas, at least 1.
        examples: N, at least 2.

    Raises:
        TaskError: If a number is out of range.

    References:
        Ronneberger, Fischer and Brox, U-Net, MICCAI 2015; Everingham et al., The Pascal visual
        object classes challenge, IJCV 2010, section 4.3 (the measure, here by example).
    """
    check_at_least(LARGEST + 1, canvas=canvas)
    check_at_least(1, shapes=shapes)
    check_at_least(2, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    pixels = torch.zeros(examples, canvas, canvas, dtype=torch.float64)
    classes = torch.zeros(examples, canvas, canvas, dtype=torch.int64)
    for _ in range(shapes):
        kinds = torch.randint(1, CLASSES, (examples, 1, 1), generator=generator)
        inside = _inside(kinds, canvas, generator)
        brightness = 0.5 + 0.5 * torch.rand(examples, 1, 1, generator=generator)
        pixels = torch.where(inside, brightness.double(), pixels)
        classes = torch.where(inside, kinds, classes)
    noise = torch.randn(pixels.shape, generator=generator, dtype=torch.float64)
    targets = classes.flatten(1)
    shares_PxC = torch.nn.functional.one_hot(targets, CLASSES).double().mean(dim=0)
    return Task(
        name="segmentation",
        inputs=standardized((pixels + NOISE * noise).unsqueeze(1)),
        targets=targets,
        outputs=CLASSES * canvas * canvas,
        loss=PixelCrossEntropy(CLASSES),
        metric=ShapesFound(CLASSES),
        metric_name="intersection over union",
        chance=_chance(targets, shares_PxC),
        ceiling=1.0,
        target=TARGET,
        loss_chance=float(torch.special.entr(shares_PxC).sum(dim=1).mean()),
    )


@dataclass(frozen=True)
class PixelCrossEntropy:
    """Computes the cross-entropy, a mean over pixels P; (N, C * P), (N, P) -> (N,)."""

    classes: int

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(by_pixel(outputs, self.classes), labels)


@dataclass(frozen=True)
class ShapesFound:
    """Computes the intersection over union of all but class 0; (N, C * P), (N, P) -> (N,)."""

    classes: int

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        guessed = by_pixel(outputs, self.classes).argmax(dim=2)
        either = (guessed != BACKGROUND) | (labels != BACKGROUND)
        both = either & (guessed == labels)
        return (both.sum(dim=1) / either.sum(dim=1).clamp(min=1)).to(outputs.dtype)


def by_pixel(outputs: Tensor, classes: int) -> Tensor:
    """Brings a pixel's numbers together, (N, C * P) -> (N, P, C)."""
    return outputs.unflatten(1, (classes, -1)).transpose(1, 2)


def _inside(kinds: Tensor, canvas: int, generator: Generator) -> Tensor:
    """Which pixels a shape of each kind (N, 1, 1) covers, at a place of its own, (N, S, S)."""
    examples = len(kinds)
    sides = torch.randint(SMALLEST, LARGEST + 1, (examples, 1, 1), generator=generator)
    drawn = torch.rand(2, examples, 1, 1, generator=generator, dtype=torch.float64)
    top, left = (drawn * (canvas - sides + 1)).long()
    # Middles of pixels from the shape's upper left corner, in units of its side.
    places = torch.arange(canvas, dtype=torch.float64) + 0.5
    y, x = (places.view(-1, 1) - top) / sides, (places - left) / sides
    square = (y > 0) & (y < 1) & (x > 0) & (x < 1)
    disc = (y - 0.5).square() + (x - 0.5).square() <= 0.25
    triangle = square & ((x - 0.5).abs() <= y / 2)
    return torch.where(kinds == 1, square, torch.where(kinds == 2, disc, triangle))


def _chance(targets: Tensor, shares_PxC: Tensor) -> float:
    """The best of the loss's best constant answer and of each class at every pixel."""
    constants = [shares_PxC, *torch.eye(CLASSES, dtype=torch.float64).unsqueeze(1)]
    pixels = targets.shape[1]
    answers = [constant.expand(pixels, -1).T.reshape(1, -1) for constant in constants]
    found = ShapesFound(CLASSES)
    return max(float(found(answer, targets).mean()) for answer in answers)

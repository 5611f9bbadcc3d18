"""Detection: which digit stands on a canvas, and in which box.

Axes: N examples, S pixels of a side of the canvas.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional

from study.engine.tasks.data.standardization import standardized
from study.engine.tasks.digits import pixels_and_labels
from study.engine.tasks.error import check_at_least
from study.engine.tasks.measures import cross_entropy
from study.engine.tasks.task import Task

SEED = 2016

EXAMPLES = 4000

CLASSES = 10

SMALLEST, LARGEST = 6, 10
"""Pixels of a box's sides."""

BOX_WEIGHT = 5.0
"""Of the box's errors against those of the class (Redmon et al.'s lambda_coord)."""

OVERLAP = 0.5
"""Intersection over union from which a box counts as found (Everingham et al. 2010)."""

TARGET = 0.4
"""The best constant answer has 0.02. Who knows the class and not the place has 0.19; the place and
not the class, 0.11."""


def detection(*, canvas: int = 16, examples: int = EXAMPLES) -> Task:
    """Canvases (N, 3, S, S) with one digit each; targets (N, 5) are its class and box.

    A digit is stretched to 6 to 10 pixels a side and put at a random place. The channels are the
    pixels, standardized as a whole, and the column and row of each pixel from -1 to 1, without
    which a mean over pixels would not know where anything is (Liu et al. 2018). A box is centre
    and size, x, y, width, height, on a canvas that reaches from -1 to 1.

    Outputs are ten logits and a box. The loss has two parts, the cross-entropy of the class and 5
    times the squared error of the box's four numbers; the metric is the share of examples of
    which the class is right and the boxes' intersection over union is at least one half.

    Args:
        canvas: S, pixels, at least 10.
        examples: N, at least 2.

    Raises:
        TaskError: If a number is out of range.

    References:
        Redmon et al., You only look once, CVPR 2016, eq. 3; Everingham et al., The Pascal visual
        object classes challenge, IJCV 2010, section 4.2; Liu et al., An intriguing failing of
        convolutional neural networks and the CoordConv solution, NeurIPS 2018.
    """
    check_at_least(LARGEST, canvas=canvas)
    check_at_least(2, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    pixels, labels = pixels_and_labels()
    chosen = torch.randint(len(labels), (examples,), generator=generator)
    sides = torch.randint(SMALLEST, LARGEST + 1, (examples, 2), generator=generator)
    corners = _corners(canvas - sides, generator)
    digits = torch.as_tensor(pixels, dtype=torch.float64).view(-1, 1, 8, 8)[chosen]
    drawn = standardized(_drawn(digits, corners, sides, canvas))
    classes = torch.as_tensor(labels)[chosen]
    left_top, size = corners.double(), sides.double()
    boxes = torch.cat([(2 * left_top + size) / canvas - 1, 2 * size / canvas], dim=1)
    targets = torch.cat([classes.unsqueeze(1), boxes], dim=1)
    # The best constant answer: the logarithms of the classes' shares, and the mean box.
    shares = torch.bincount(classes, minlength=CLASSES).double() / examples
    constant = torch.cat([shares.log(), boxes.mean(dim=0)]).expand(examples, -1)
    return Task(
        name="detection",
        inputs=torch.cat([drawn, _coordinates(canvas).expand(examples, -1, -1, -1)], dim=1),
        targets=targets,
        outputs=CLASSES + 4,
        loss=class_and_box_loss,
        metric=found,
        metric_name="share found",
        chance=float(found(constant, targets).mean()),
        ceiling=1.0,
        target=TARGET,
        loss_chance=float(class_and_box_loss(constant, targets).mean()),
    )


def class_and_box_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Computes cross-entropy plus 5 times the box's squared error; (N, 14), (N, 5) -> (N,)."""
    by_class = cross_entropy(outputs[:, :CLASSES], targets[:, 0].long())
    by_box = (outputs[:, CLASSES:] - targets[:, 1:]).square().sum(dim=1)
    return by_class + BOX_WEIGHT * by_box


def found(outputs: Tensor, targets: Tensor) -> Tensor:
    """Computes whether class and box are right, 1 or 0; (N, 14) and (N, 5) -> (N,)."""
    right = outputs[:, :CLASSES].argmax(dim=1) == targets[:, 0].long()
    overlap = intersection_over_union(outputs[:, CLASSES:], targets[:, 1:])
    return (right & (overlap >= OVERLAP)).to(outputs.dtype)


def intersection_over_union(ones: Tensor, others: Tensor) -> Tensor:
    """Computes the area that two boxes share, over that of both; twice (N, 4) -> (N,).

    Boxes are x, y, width, height of centre and size; a negative size counts as 0.
    """
    size, other_size = ones[:, 2:].clamp(min=0), others[:, 2:].clamp(min=0)
    low = torch.maximum(ones[:, :2] - size / 2, others[:, :2] - other_size / 2)
    high = torch.minimum(ones[:, :2] + size / 2, others[:, :2] + other_size / 2)
    both = (high - low).clamp(min=0).prod(dim=1)
    either = size.prod(dim=1) + other_size.prod(dim=1) - both
    return both / either.clamp(min=torch.finfo(either.dtype).tiny)


def _corners(most: Tensor, generator: Generator) -> Tensor:
    """Draws the left and upper pixel, from 0 to `most` (N, 2), each as likely as any other."""
    drawn = torch.rand(most.shape, generator=generator, dtype=torch.float64)
    return (drawn * (most + 1)).long()


def _drawn(digits: Tensor, corners: Tensor, sides: Tensor, canvas: int) -> Tensor:
    """Stretches (N, 1, 8, 8) to their sides and puts them on blank canvases (N, 1, S, S)."""
    canvases = digits.new_zeros(len(digits), 1, canvas, canvas)
    for size in sides.unique(dim=0):  # All of one size are stretched at once.
        width, height = size.tolist()
        chosen = (sides == size).all(dim=1).nonzero().squeeze(1)
        stretched = functional.interpolate(digits[chosen], size=(height, width), mode="bilinear")
        rows = corners[chosen, 1, None] + torch.arange(height)
        columns = corners[chosen, 0, None] + torch.arange(width)
        canvases[chosen[:, None, None], 0, rows[:, :, None], columns[:, None]] = stretched[:, 0]
    return canvases


def _coordinates(canvas: int) -> Tensor:
    """Column and row of each pixel's middle on a canvas from -1 to 1, (2, S, S)."""
    middles = (2 * torch.arange(canvas, dtype=torch.float64) + 1) / canvas - 1
    return torch.stack([middles.expand(canvas, -1), middles.unsqueeze(1).expand(-1, canvas)])

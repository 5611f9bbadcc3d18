"""Generation: digits to be drawn from a few numbers, as likely as they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from study.engine.tasks.chance.levels import LossExplained
from study.engine.tasks.digits import pixels_and_labels
from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task

THRESHOLD = 7
"""A pixel of 0 to 16 is set above it: two in five are."""

TARGET = 0.1
"""Of the way to a loss of 0, which nobody reaches: to tell digits apart costs nats as well."""


@dataclass(frozen=True)
class NegativeBound:
    """The negative evidence lower bound, in nats an example: (N, F + 2 L), (N, F) -> (N,).

    What the drawing costs, the cross-entropy of its F pixels, and how far the L latent numbers lie
    from their prior, the divergence of their normal distribution from a standard one.

    Attributes:
        latent: L.
    """

    latent: int

    def __call__(self, outputs: Tensor, pixels: Tensor) -> Tensor:
        logits, mean, log_variance = outputs.split(
            [pixels.shape[1], self.latent, self.latent], dim=1
        )
        drawing = functional.binary_cross_entropy_with_logits(logits, pixels, reduction="none")
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        return drawing.sum(dim=1) + divergence.sum(dim=1)


def generation(*, latent: int = 8) -> Task:
    """Digits of 0 and 1, (N, 64), which are their own targets, for network `vae`.

    Outputs are 64 logits of pixels, then mean and logarithm of the variance of the latent numbers.
    The loss is the negative evidence lower bound; by chance it is that of each pixel drawn as
    often as it is set, whatever the digit. The metric is the share of that loss which is gone.

    Args:
        latent: L, numbers from which a digit is drawn, at least 1.

    Raises:
        TaskError: If `latent` is out of range.

    References:
        Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014, eq. 10.
    """
    check_at_least(1, latent=latent)
    pixels = (torch.as_tensor(pixels_and_labels()[0]).flatten(1) > THRESHOLD).double()
    share = pixels.mean(dim=0)
    by_chance = float((torch.special.entr(share) + torch.special.entr(1 - share)).sum())
    loss = NegativeBound(latent)
    return Task(
        name="generation",
        inputs=pixels,
        targets=pixels,
        outputs=pixels.shape[1] + 2 * latent,
        loss=loss,
        metric=LossExplained(loss=loss, loss_chance=by_chance),
        metric_name="bound explained",
        chance=0.0,
        ceiling=1.0,
        target=TARGET,
        loss_chance=by_chance,
        latent=latent,
    )

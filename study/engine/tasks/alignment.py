"""A loss that aligns what a network says, step by step, with labels that have no times.

Connectionist temporal classification: a path says a label or a blank at each of T time steps;
repetitions are merged, then blanks dropped. The loss is -ln of the probability of all paths that
say the word. With the word's L labels between blanks, l' of 2 L + 1 symbols, and y_t the network's
probabilities, the probability of all beginnings that end at symbol s is

    alpha_t(s) = y_t(l'_s) (alpha_{t-1}(s) + alpha_{t-1}(s-1) [+ alpha_{t-1}(s-2)])

where the last is allowed to a label that is another one than the label before it. Written in
operations that can be differentiated twice and mapped over trials, which torch's own cannot.

Axes: N examples, T time steps, C symbols, L labels of a word.

References:
    Graves, Fernandez, Gomez and Schmidhuber, Connectionist temporal classification, ICML 2006,
    eqs. 5 to 8.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BLANK = 0
"""Number of the symbol that says nothing."""

_NEVER = -1e30
"""A logarithm of zero whose gradient is a number."""


def alignment_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes -ln p(labels) over the number of labels; (N, T, C), (N, L) -> (N,).

    Args:
        outputs: Logits of the blank and the labels.
        labels: In [1, C). All words have L labels.
    """
    count = labels.shape[1]
    symbols = functional.pad(labels.unsqueeze(2), (1, 0), value=BLANK).flatten(1)
    symbols = functional.pad(symbols, (0, 1), value=BLANK)
    # Whether a symbol may follow the one two before it: a label other than that.
    skips = torch.zeros_like(symbols, dtype=torch.bool)
    skips[:, 2:] = (symbols[:, 2:] != BLANK) & (symbols[:, 2:] != symbols[:, :-2])
    log_y = outputs.log_softmax(dim=2)
    said = log_y.gather(2, symbols.unsqueeze(1).expand(-1, log_y.shape[1], -1))
    first, *others = said.unbind(1)
    begun = torch.arange(symbols.shape[1], device=labels.device) < 2
    alpha = first.masked_fill(~begun, _NEVER)
    for now in others:
        stays, moves = alpha, functional.pad(alpha, (1, -1), value=_NEVER)
        jumps = functional.pad(alpha, (2, -2), value=_NEVER).masked_fill(~skips, _NEVER)
        alpha = now + torch.stack([stays, moves, jumps]).logsumexp(dim=0)
    return -alpha[:, -2:].logsumexp(dim=1) / count


def words_right(outputs: Tensor, labels: Tensor) -> Tensor:
    """Computes whether the likeliest path says the labels; (N, T, C), (N, L) -> (N,)."""
    path = outputs.argmax(dim=2)
    before = functional.pad(path, (1, -1), value=BLANK)
    says = (path != BLANK) & (path != before)
    # What is said first goes to place 1, and so on; what nobody says or is too much, to place 0.
    count = labels.shape[1]
    place = says.cumsum(dim=1) * says
    heard = torch.zeros(len(labels), count + 1, dtype=path.dtype, device=path.device)
    heard = heard.scatter(1, place.clamp(max=count + 1) % (count + 1), path)
    right = (heard[:, 1:] == labels).all(dim=1) & (says.sum(dim=1) == count)
    return right.to(outputs.dtype)

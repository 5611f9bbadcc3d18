"""The copy problem: symbols are to be recalled, in order, after a long pause."""

from __future__ import annotations

import torch

from study.engine.tasks.data.spoken import SYMBOLS, spoken
from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task

SEED = 1997

EXAMPLES = 10_000

RECALLED = 10
"""Symbols to recall, and time steps at the end in which to do so."""

TARGET_ACCURACY = 0.2
"""Guessing one of eight has 0.125, and only memory over the pause has more. Gated networks get
here within some 200 steps at a pause of 32; to recall everything takes them thousands.
"""


def copy(*, sequence_length: int = 32, examples: int = EXAMPLES) -> Task:
    """Tokens (N, T + 20) with targets (N, T + 20), T being the length of the pause.

    Ten of eight symbols, T - 1 blanks, the start token, ten blanks; the answer is T + 10 blanks,
    then the ten symbols. There are 10 tokens and 9 outputs: the start token is never answered.

    The chance level of the loss is that of blanks and then guesses, 10 ln 8 / (T + 20); the
    metric looks at the ten last answers alone.

    Args:
        sequence_length: T, at least 1.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        Hochreiter and Schmidhuber, Long Short-Term Memory, Neural Computation 1997; in the form
        of Arjovsky, Shah and Bengio, Unitary Evolution Recurrent Neural Networks, ICML 2016,
        section 4.1.
    """
    check_at_least(1, sequence_length=sequence_length, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    symbols = torch.randint(SYMBOLS, (examples, RECALLED), generator=generator)
    pause = symbols.new_full((examples, sequence_length - 1), SYMBOLS)
    return spoken(
        "copy", torch.cat([symbols, pause], dim=1), symbols, tokens=SYMBOLS, target=TARGET_ACCURACY
    )

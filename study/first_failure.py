"""What the first value was that was not finite, in the words of tables, explanations and notices.

Engine, tables and verdicts read this module: the engine finds it, the others tell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal[
    "inputs",
    "targets",
    "activation",
    "network",
    "outputs",
    "loss",
    "loss_gradient",
    "gradient",
    "parameter",
    "state",
]

CLAUSES: dict[str, str] = {
    "inputs": "the inputs of {detail} were not finite",
    "targets": "the targets of {detail} were not finite",
    "activation": "an activation was the first value that was not finite: {detail}",
    "network": "a function inside the network was not defined for what it was given: {detail}",
    "outputs": "the network's outputs were the first values that were not finite: {detail}",
    "loss": "the outputs were finite and the loss was not: {detail}",
    "loss_gradient": "the loss was finite and its gradient by the outputs was not: {detail}",
    "gradient": "the loss was finite and a gradient inside the network was not: {detail}",
    "parameter": "a parameter was the first value that was not finite: {detail}",
    "state": "the recurrent state ran away: {detail}",
}
"""Origin -> what happened, as a clause."""


@dataclass(frozen=True, kw_only=True)
class FirstFailure:
    """What was first, in the step in which a trial became non-finite or passed the loss' bound.

    Attributes:
        origin: The kind of value.
        detail: Which one, for people: "layer 3 (fc2) at time step 41 of 200, for 7 of 64
            examples (rows 3, 18, ...)".
        output: Largest size of an output in that step's batch; infinite if one is not finite,
            None if the outputs were not looked at.
        growth: Size of a recurrent layer's output at the last over that at the first time step,
            the largest of all layers; None where no layer is called once a time step.
    """

    origin: Origin
    detail: str
    output: float | None = None
    growth: float | None = None

    @property
    def clause(self) -> str:
        """What happened, as a clause without the step."""
        return clause(self.origin, self.detail)


def clause(origin: str, detail: str) -> str:
    """Says what happened, without the step and without a full stop.

    Args:
        origin: One of `CLAUSES`, or what a later version adds to them.
        detail: As `FirstFailure.detail`.
    """
    words = origin.replace("_", " ")
    text = CLAUSES.get(
        origin, f"the first value that was not finite was of the {words}: {{detail}}"
    )
    return text.replace("{detail}", detail)

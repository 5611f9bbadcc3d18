"""What a step that was looked at showed, for who wants to be told at once."""

from __future__ import annotations

from dataclasses import dataclass

from study.watching.record import Look, RunRecord


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One step that was looked at.

    Attributes:
        name: Of the loss; empty where there is one only.
        step: Its number.
        loss: Its loss.
        learning_rate: In force at it.
        look: Gradient, clipping, update, and every layer.
    """

    name: str
    step: int
    loss: float
    learning_rate: float
    look: Look

    def __str__(self) -> str:
        name = f"{self.name} " if self.name else ""
        return (
            f"{name}step {self.step}: loss {self.loss:.4g}, gradient {self.look.grad_norm:.3g}, "
            f"update {self.look.update_ratio:.2g} of the parameters"
        )


def moment_of(name: str, record: RunRecord, look: Look) -> Moment:
    """Returns the last step of a record, which was looked at."""
    return Moment(
        name=name,
        step=look.step,
        loss=record.last_loss(),
        learning_rate=record.last_rate(),
        look=look,
    )

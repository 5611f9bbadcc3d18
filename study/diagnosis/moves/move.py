"""One way to change a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from search_spaces.catalogue import Value
from study.diagnosis.distances import DISTANCES, Scale
from study.verdicts import Verdict
from study.verdicts.causes import Cause

IMAGE_NETWORKS = ("cnn", "resnet", "densenet", "unet")


@dataclass(frozen=True, kw_only=True)
class Move:
    """One hyperparameter and the values it may be changed to, the smallest change first.

    Attributes:
        hyperparameter: Its name in the catalogue, or `study.diagnosis.change.STEPS`.
        reason: Why the change may help, in a clause.
        aims: Verdicts it is meant for. Of two changes that weigh the same the one that is meant
            for the observed verdict is tried and listed first.
        causes: Causes it is the fix for. What is the fix for the cause that was found comes
            before all that is not.
        values: Values to change it to; numbers on the far side of the present one are left out.
        factors: Or the present value times these.
        shares: Or these shares of the training's steps.
        limits: Or these shares of the largest stable learning rate, where that was measured.
        falls: Whether a number is changed to smaller ones; None for names.
        scale: How the distance from the present value is counted.
        per_distance: What one unit of it weighs.
        fixed: What any change of it weighs.
        networks: Built-in networks it is meant for; None is all that have the hyperparameter.
        needs: Other hyperparameters without whose values it would have no effect.
    """

    hyperparameter: str
    reason: str
    aims: tuple[Verdict, ...] = ()
    causes: tuple[Cause, ...] = ()
    values: tuple[Value, ...] = ()
    factors: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    limits: tuple[float, ...] = ()
    falls: bool | None = None
    scale: Scale = "names"
    per_distance: float = 0.0
    fixed: float = 0.0
    networks: tuple[str, ...] | None = None
    needs: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def weight(self, before: Value | None, after: Value) -> float:
        """Returns what changing from ``before`` to ``after`` weighs.

        Args:
            before: The present value; `none` of a limit counts as the loosest of `values`.
            after: The new one.
        """
        if self.scale == "names":
            return self.fixed
        loosest = self.values[0] if self.values else before
        start = before if isinstance(before, (int, float)) else loosest
        assert isinstance(start, (int, float)) and isinstance(after, (int, float))
        return self.fixed + self.per_distance * DISTANCES[self.scale](start, after)

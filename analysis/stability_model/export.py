"""The fitted model as plain lists and numbers, small enough to be part of a page.

Anything that can take an exponential can evaluate it. For a configuration:

1. Columns x, axis by axis in order. With knots, the first column is the position: of a number v
   between knots i and i + 1 (counted from 0, the end knots for numbers beyond them)

       (i + (t(v) - t(knot_i)) / (t(knot_i+1) - t(knot_i))) / (number of knots - 1),

   t = ln where `log` (of at least 1e-6 times the first knot), else the identity; `beyond` of a
   name; 0.5 if it does not apply. Then a column for each name: 1 if it is the value, else 0. Last,
   if `optional`, 1 where the hyperparameter does not apply, else 0.
2. For each of `verdicts` the similarities k_m to its inducing settings z_m: with q_g the sum over
   the columns d of axis g of ((x_d - z_md) / lengths_d)^2, Q the sum of all q_g, r = sqrt(5 Q),
   J the number of axes,

       k_m = constant + additive / J * sum_g exp(-q_g / 8) + joint (1 + r + r^2 / 3) exp(-r).

3. The logit's mean and deviation, R rows of `reduction`:

       mean = stretch * sum_m dual_m k_m
       v    = constant + additive + joint - sum_r (scales_r * sum_m reduction_rm k_m)^2
       sd   = sqrt(stretch * max(v, 1e-6)).

4. With s(f) = 1 / (1 + exp(-f)), q = sum_i weights_i s(mean + nodes_i sd), low = s(mean - z sd),
   high = s(mean + z sd). Of the first verdict (stable) q is the probability, low to high its
   interval. Those of the others are their q, low and high times (1 - q of the first) / (sum of
   the others' q, at least 1e-12), and their intervals have the first one's doubt too: with p the
   probability, first, first_low and first_high those of the first, share = p / (1 - first),

       low  = max(p - hypot(p - low, share * (first_high - first)), 0)
       high = min(p + hypot(high - p, share * (first - first_low)), 1).

   Then low is 0 where it is below `certain`, and at most the probability; high is 1 where it is
   above 1 - `certain`, and at least the probability.
"""

from __future__ import annotations

from search_spaces.stability_classifier import Axis, Latent, VerdictClassifier
from search_spaces.stability_classifier.classifier import CERTAIN, NODE_WEIGHTS, NODES, Z

FORMAT = 1
"""Raised when the meaning of an entry changes."""


def exported(classifier: VerdictClassifier) -> dict[str, object]:
    """Returns what the module's formula needs, ready for `json.dumps`.

    Returns:
        `format`; `axes`, each with `name`, `knots`, `log`, `names`, `optional`, `beyond` and
        `columns` (their number); `nodes`, `weights`, `z`, `certain`; `verdicts`, each with
        `verdict`, `stretch`, `constant`, `additive`, `joint`, `lengths` [D], `inducing` [M, D],
        `dual` [M], `reduction` [R, M] (whole numbers), `scales` [R].
    """
    return {
        "format": FORMAT,
        "axes": [_axis(axis) for axis in classifier.encoder.axes],
        "nodes": NODES.tolist(),
        "weights": NODE_WEIGHTS.tolist(),
        "z": Z,
        "certain": CERTAIN,
        "verdicts": [
            {"verdict": verdict, **_latent(latent)}
            for verdict, latent in classifier.latents.items()
        ],
    }


def _axis(axis: Axis) -> dict[str, object]:
    return {
        "name": axis.name,
        "knots": list(axis.knots),
        "log": axis.log,
        "names": list(axis.names),
        "optional": axis.optional,
        "beyond": axis.beyond,
        "columns": len(axis.is_position),
    }


def _latent(latent: Latent) -> dict[str, object]:
    kernel = latent.kernel
    return {
        "stretch": latent.stretch,
        "constant": kernel.constant,
        "additive": kernel.additive,
        "joint": kernel.joint,
        "lengths": kernel.lengths.tolist(),
        # 1 instead of 1.0: half of the entries are 0 or 1.
        "inducing": [[_short(value) for value in row] for row in latent.inducing.tolist()],
        "dual": latent.dual.tolist(),
        "reduction": latent.reduction.astype(int).tolist(),
        "scales": latent.scales.tolist(),
    }


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else value

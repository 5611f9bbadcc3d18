"""The stability model of a study: what would become of a configuration, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.errors import AnalysisError
from analysis.space.configurations import configuration_codes
from analysis.space.design import uniform_trials
from analysis.stability_model.asked import Asked, asked_of, outside
from analysis.stability_model.changes import single_changes
from analysis.stability_model.columns import columns_of, encoder_of
from analysis.stability_model.export import exported
from analysis.stability_model.nearest import nearest_trials
from analysis.trials.counts import VERDICTS, check_verdicts
from search_spaces.stability_classifier import (
    Counts,
    HeldOut,
    VerdictClassifier,
    fit_classifier,
)
from search_spaces.stability_classifier.classifier import (
    drawn_probabilities,
    with_doubt_of_first,
)

Floats = NDArray[np.float64]

STABLE = VERDICTS[0]
LEAST = 16
"""Trials below which there is no model."""

DRAWS = 400


@dataclass(frozen=True, kw_only=True)
class StabilityModel:
    """Probabilities of the verdicts at any configuration of a study's space.

    Attributes:
        trials: The trials that it was fitted to, one row each, those without a verdict left out.
        classifier: The fitted model; `docs/report.md` tells its method.
        columns: Columns of the trials [N, D].
        held_out: What it said of configurations that it had not seen.
        counts: What became of the configurations.
    """

    trials: pd.DataFrame
    classifier: VerdictClassifier
    columns: Floats
    held_out: HeldOut
    counts: Counts

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdicts that it tells apart, stable first: those that occurred."""
        return tuple(self.classifier.latents)

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """What varies, in the order of the study file."""
        return tuple(axis.name for axis in self.classifier.encoder.axes)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predicts what would become of configurations.

        Args:
            frame: One row a configuration, hyperparameters by column; +inf or "none" where a
                limit is switched off. What is left out, or missing in a row to which it applies,
                is averaged over the space.

        Returns:
            One row a configuration, with the frame's index: for each of `verdicts` its
            probability and `_lower`, `_upper` of a 95 % interval, and `support`, the share (0 to
            1) of what was open before the study that its trials have settled there: near 0
            nothing alike was tried. A verdict that never occurred has no column.

        Raises:
            AnalysisError: If a hyperparameter or a value is not known, or one that is the same
                in all trials is to have another value.
        """
        asked = asked_of(frame, self.trials, self.classifier.encoder)
        found = self._points(asked)
        for row, nodes in asked.averaged.items():
            found[row] = self._average(nodes)
        names = [f"{v}{end}" for v in self.verdicts for end in ("", "_lower", "_upper")]
        return pd.DataFrame(found, index=frame.index, columns=[*names, "support"])

    def nearest(self, frame: pd.DataFrame, n: int = 5) -> pd.DataFrame:
        """Finds the tried configurations most like others, as evidence, see `nearest_trials`."""
        return nearest_trials(self, frame, n)

    def draws(self, frame: pd.DataFrame, count: int = DRAWS, *, seed: int = 0) -> Floats:
        """Returns joint draws of the probability of stable [count, N] at configurations.

        Their means over rows are draws of averages: of a map's cells, of a region.

        Args:
            frame: Configurations with all hyperparameters.
            count: Number of draws.
            seed: Seeds them, >= 0.
        """
        columns = columns_of(frame, self.classifier.encoder)
        rng = np.random.default_rng(seed)
        return drawn_probabilities(self.classifier.latents[STABLE], columns, count, rng)

    def changes(self, configuration: pd.DataFrame) -> pd.DataFrame:
        """Says which single changes would raise P(stable) most, see `single_changes`."""
        return single_changes(self, configuration)

    def outside(self, frame: pd.DataFrame) -> list[list[str]]:
        """Says of each row where it lies outside of what was tried, see `outside`."""
        return outside(frame, self.trials, self.classifier.encoder)

    def calibration(self, *, evenly: bool = True) -> pd.DataFrame:
        """Compares what it said of configurations that it had not seen with what came.

        Args:
            evenly: Only of evenly placed trials, which stand for the space.

        Returns:
            `verdict`, `configurations`, `brier`, `brier_of_share` (of saying the share always),
            `log_loss`, one row a verdict.
        """
        rows = self.held_out.rows
        keep = np.isin(rows, self.even_configurations()) if evenly else np.ones(len(rows), bool)
        total = self.counts.total[rows[keep]]
        table = []
        for verdict, said in self.held_out.probability.items():
            p = np.clip(said[keep], 1e-6, 1 - 1e-6)
            share = self.counts.trials[verdict][rows[keep]] / total
            mean = float(np.average(share, weights=total)) if len(total) else np.nan
            brier = share * (1 - p) ** 2 + (1 - share) * p**2
            loss = -share * np.log(p) - (1 - share) * np.log(1 - p)
            table.append(
                {
                    "verdict": verdict,
                    "configurations": int(keep.sum()),
                    "brier": float(np.mean(brier)) if len(p) else np.nan,
                    "brier_of_share": mean * (1 - mean),
                    "log_loss": float(np.mean(loss)) if len(p) else np.nan,
                }
            )
        return pd.DataFrame(table)

    def export(self) -> dict[str, object]:
        """Returns the model as plain lists and numbers, see `stability_model.export`."""
        return exported(self.classifier)

    def _points(self, asked: Asked) -> Floats:
        said = self.classifier.predict(asked.columns)
        parts = [part for verdict in self.verdicts for part in said[verdict]]
        known = self.classifier.latents[STABLE].known(asked.columns)
        return np.column_stack([*parts, known])

    def _average(self, nodes_QxD: Floats) -> Floats:
        """Returns the row of the mean over configurations; bounds from joint draws."""
        drawn = {
            verdict: drawn_probabilities(latent, nodes_QxD, DRAWS, np.random.default_rng(0))
            for verdict, latent in self.classifier.latents.items()
        }
        said = self.classifier.predict(nodes_QxD)
        row: list[float] = []
        for verdict in self.verdicts:
            mean = float(said[verdict][0].mean())
            averages = drawn[verdict].mean(axis=1)
            # The others' one by one do not add up to what stable leaves.
            share = mean / max(float(averages.mean()), 1e-12) if verdict != STABLE else 1.0
            low, high = np.minimum(np.quantile(averages, [0.025, 0.975]) * share, 1.0)
            ends = (mean, min(float(low), mean), max(float(high), mean))
            p, lower, upper = (np.asarray(each) for each in ends)
            if verdict == STABLE:
                of_stable = (p, lower, upper)
            else:
                lower, upper = with_doubt_of_first(p, lower, upper, of_stable)
            row += [float(p), float(lower), float(upper)]
        known = self.classifier.latents[STABLE].known(nodes_QxD)
        return np.array([*row, float(known.mean())])

    @cached_property
    def first_trials(self) -> NDArray[np.int64]:
        """Row in `trials` of the first trial of each configuration [N]."""
        return np.unique(configuration_codes(self.trials), return_index=True)[1]

    def even_configurations(self) -> NDArray[np.int64]:
        """Returns the indices of the configurations that were placed evenly."""
        even = self.trials.index.isin(uniform_trials(self.trials).index)
        return np.unique(configuration_codes(self.trials)[even])


def stability_model(trials: pd.DataFrame, *, seed: int = 0) -> StabilityModel:
    """Fits the stability model to all trials of a study, wherever its sampler placed them.

    Args:
        trials: Trials table, see `load_trials`. Trials without a verdict (infrastructure failed
            them) are left out; trials of one configuration are counts of one setting.
        seed: Seeds what is drawn where there are many trials; the same seed, the same model.

    Raises:
        AnalysisError: If fewer than 16 trials have a verdict, or nothing varies.
    """
    known = trials[trials["verdict"].notna()].reset_index(drop=True)
    known.attrs = dict(trials.attrs)
    check_verdicts(known)
    encoder = encoder_of(known)
    if len(known) < LEAST or not encoder.axes:
        why = "no hyperparameter varies" if len(known) >= LEAST else f"there are {len(known)}"
        raise AnalysisError(f"a stability model needs {LEAST} finished trials, but {why}")
    columns = columns_of(known, encoder)
    counts = _counts(known, columns)
    # Further threads spin beside matrices of this size, at many times the processor time.
    with threadpool_limits(1):
        classifier, held = fit_classifier(counts, encoder, first=STABLE, seed=seed)
    return StabilityModel(
        trials=known, classifier=classifier, columns=columns, held_out=held, counts=counts
    )


def _counts(trials: pd.DataFrame, columns: Floats) -> Counts:
    codes = configuration_codes(trials)
    _, first = np.unique(codes, return_index=True)
    verdicts = trials["verdict"].to_numpy(dtype=str)
    occurring = [verdict for verdict in VERDICTS if (verdicts == verdict).any()]
    return Counts(
        columns=columns[first],
        trials={
            verdict: np.bincount(codes, verdicts == verdict, minlength=len(first)).astype(
                np.float64
            )
            for verdict in occurring
        },
    )

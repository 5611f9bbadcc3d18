"""Fresh trials that a run trained in a recommended region: did it keep its promise?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.labels import count_label, percent
from analysis.safe_regions.box import Box, inside_box
from analysis.space.design import CONFIRMING, uniform_trials
from analysis.stats.intervals import CONFIDENCE, exact_lower_bound
from analysis.trials.records import records
from search_spaces.settling import refuted

_COLUMNS = {
    "box": "str",
    "where": "str",
    "trials": "int64",
    "stable": "int64",
    "share": "float64",
    "low": "float64",
    "promised": "float64",
    "kept": "bool",
}


def confirmed_regions(trials: pd.DataFrame, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Measures regions on the fresh trials that were trained in them, the first tested first.

    Args:
        trials: Trials table; of it the confirming trials are read.
        confidence: One-sided, of each bound by itself, in (0, 1).

    Returns:
        One row a region: `box` in words and `where` as JSON (as `safe_regions` has them), the
        number of fresh `trials`, how many were `stable`, their `share`, `low`, the exact lower
        bound on the purity of the region, the share `promised` when it was tested, and whether
        the promise was `kept`: fresh trials do not refute it.

    References:
        Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 1934. A test that
        may end early for failures alone leaves a bound of all its trials valid.
    """
    rows: dict[str, dict[str, Any]] = {}
    if "confirms" in trials.columns:
        fresh = trials[trials["design"] == CONFIRMING].sort_values("trial")
        for text, verdict in zip(fresh["confirms"], fresh["verdict"], strict=True):
            said = json.loads(text)
            box = Box.from_dict(said["where"])
            row = rows.setdefault(
                box.to_json(), {"box": str(box), "where": box.to_json(), "trials": 0, "stable": 0}
            )
            row["trials"] += 1
            row["stable"] += verdict == "stable"
            row["promised"] = said["promised"]
    for row in rows.values():
        row["share"] = row["stable"] / row["trials"]
        bound = exact_lower_bound(row["stable"], row["trials"], confidence=confidence)
        row["low"] = float(bound)
        row["kept"] = not refuted(row["stable"], row["trials"], row["promised"])
    return pd.DataFrame(list(rows.values()), columns=list(_COLUMNS)).astype(_COLUMNS)


def with_confirmed(boxes: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Puts the region first that fresh trials confirmed, and leaves out those that they refuted.

    Args:
        boxes: What `safe_regions` found.
        trials: Trials table, the confirming trials among them.

    Returns:
        The boxes, with a row for a confirmed region that is none of them: measured on the evenly
        placed trials in it, but `low` on the fresh ones. `attrs` are kept; `reason` says of
        refuted regions alone that they are.
    """
    fresh = confirmed_regions(trials)
    refuted_boxes = set(fresh.loc[~fresh["kept"], "where"])
    kept = records(fresh[fresh["kept"]])
    rows = [row for row in records(boxes) if row["where"] not in refuted_boxes]
    if kept:
        last = kept[-1]
        own = [row for row in rows if row["where"] == last["where"]]
        first = own[0] if own else _row(last, trials)
        rows = [first, *(row for row in rows if row is not first)]
    joined = pd.DataFrame(rows, columns=boxes.columns).astype(dict(boxes.dtypes))
    joined.attrs = dict(boxes.attrs)
    if refuted_boxes and not rows:
        joined.attrs["reason"] = (
            "No region is reliably stable: fresh trials refuted those that were found."
        )
    return joined


def confirmation_text(row: Mapping[str, Any]) -> str:
    """Says in a sentence what fresh trials found in a region, a row of `confirmed_regions`."""
    counts = f"{row['stable']} of {count_label(row['trials'], 'fresh trial')} trained"
    if row["kept"]:
        return f"{counts} (at least {_floor(row['low'])}, with {percent(CONFIDENCE)} confidence)"
    return f"{counts}, too few for the {_floor(row['promised'])} that were expected"


def _floor(share: float) -> str:
    # Rounded up, a bound would promise more than it holds.
    return f"{math.floor(100 * share + 1e-9)} %"


def _row(region: Mapping[str, Any], trials: pd.DataFrame) -> dict[str, Any]:
    """A row as `safe_regions` has them, of a region that it did not find."""
    even = uniform_trials(trials)
    box = Box.from_dict(json.loads(region["where"]))
    inside, stable = inside_box(even, box), even["verdict"] == "stable"
    number, good = int(inside.sum()), int((inside & stable).sum())
    return {
        "box": region["box"],
        "purity": region["share"],
        "low": region["low"],
        "share": number / max(1, len(even)),
        "coverage": good / max(1, int(stable.sum())),
        "trials": number,
        "stable": good,
        "conditions": len(box.conditions),
        "where": region["where"],
    }

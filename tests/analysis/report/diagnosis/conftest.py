from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.report.diagnosis import DiagnosisSubject, Ending, Remedied, Seeds, Tried

STEPS = (0, 1, 2, 3, 5, 8)

NAUGHTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
"""A name as nobody gives it, in every place where a person may give one."""


def seeds(verdict: str, *, loss: float, name: str = "hidden") -> Seeds:
    """Two seeds of two layers, whose loss goes from 2 to this."""
    trials = pd.DataFrame(
        {
            "trial": [0, 1],
            "verdict": verdict,
            "outcome": "nonfinite" if verdict == "exploding" else "trained",
            "loss_chance": 2.3,
            "metric_chance": 0.1,
            "metric_target": 0.8,
            "metric_ceiling": 1.0,
            "metric_final": 0.9 if verdict == "stable" else 0.1,
            "input_rms": 57.0,
            "target_rms": np.nan,
        }
    )
    steps = pd.DataFrame(
        {
            "trial": np.repeat([0, 1], len(STEPS)),
            "step": STEPS * 2,
            "loss": np.tile(np.geomspace(2.0, loss, len(STEPS)), 2),
            "metric": 0.1,
            "update_ratio": 1e-3,
            "learning_rate": np.tile(np.geomspace(0.1, 1e-40, len(STEPS)), 2),
        }
    )
    layers = pd.DataFrame(
        [
            {
                "trial": trial,
                "step": step,
                "layer": layer,
                "name": f"{name}{layer}",
                "delta_rms": 10.0 ** (-30 / layer),
                "preactivation_rms": 1.0,
            }
            for trial in (0, 1)
            for step in STEPS
            for layer in (1, 2)
        ]
    )
    return Seeds(trials=trials, steps=steps, layers=layers)


def subject(name: str = "plain", **changes: object) -> DiagnosisSubject:
    """A diagnosis in which the person's own words are all this one."""
    fields: dict[str, object] = {
        "study": name,
        "task": name,
        "network": name,
        "metric": name,
        "steps": 9,
        "hyperparameters": {name: name},
        "endings": (
            Ending(
                verdict="stalled",
                headline="stalled because the learning rate has decayed away",
                summary="stalled because the learning rate has decayed away",
                seeds=2,
                trial=1,
                text=f"the rate fell; {name} never left chance.",
            ),
        ),
        "notices": (f"inputs of task {name} are large",),
        "noticed": (),
        "theory": {"learning rate": "stable up to 3"},
        "remarks": (f"{name} disagrees",),
        "seeds": seeds("stalled", loss=1.9, name=name),
        "remedies": (
            Remedied(
                change=f"activation={name}",
                before=name,
                reason=f"because of {name}",
                seeds=seeds("stable", loss=0.1, name=name),
                metric=name,
            ),
        ),
        "tried": (
            Tried(change=name, stable=0, seeds=1, metric=np.nan, metric_name=name, remark=name),
        ),
        "outcome": f"tried all of {name}",
    }
    return DiagnosisSubject(**{**fields, **changes})  # type: ignore[arg-type]

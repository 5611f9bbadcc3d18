"""Sweeps that a person has already: each of their trials, watched, is a row of one study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis import load_trials
from tests.study.watching.loops import mlp, sgd, train
from tests.support import warm

RATES = (0.01, 0.1, 0.5, 100.0)


def trainable(config: dict[str, Any], runs: str) -> None:
    """A function of a person's own, for Ray Tune; it names its folder as the page says."""
    from ray import tune

    identity = tune.get_context().get_trial_id()
    network = mlp(depth=config["depth"])
    losses, watch = train(
        network,
        sgd(network, config["learning_rate"], 0.9),
        steps=60,
        config=config,
        tables=Path(runs) / identity,
    )
    assert watch is not None
    watch.close()
    tune.report({"loss": losses[-1]})


@pytest.mark.slow
def test_trials_of_ray_tune_are_rows_of_a_study_with_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray
    from ray import tune

    from study.commands.app import app

    for name, value in warm.forks().items():
        monkeypatch.setenv(name, value)
    # At Ray's own, workers get next to nothing of a core that others use.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        tuner = tune.Tuner(
            tune.with_parameters(trainable, runs=str(tmp_path / "runs")),
            param_space={
                "learning_rate": tune.grid_search(list(RATES)),
                "depth": 2,
            },
            run_config=tune.RunConfig(storage_path=str(tmp_path / "tune"), verbose=0),
        )
        results = tuner.fit()
    finally:
        ray.shutdown()
    assert not results.errors
    home = ["--home", str(tmp_path)]
    app(["import", "sweep", str(tmp_path / "runs"), *home], standalone_mode=False)
    assert "added 4 runs" in capsys.readouterr().out
    trials = load_trials("sweep", home=tmp_path)
    rows = sorted(trials[["learning_rate", "depth"]].itertuples(index=False, name=None))
    assert rows == [(rate, 2) for rate in RATES]
    wild = trials["learning_rate"] == 100
    assert trials.loc[wild, "cause"].isin(["large_steps", "killed_by_update"]).all()
    assert (trials.loc[~wild, "verdict"] == "stable").any()
    app(["report", "sweep", *home], standalone_mode=False)
    page = (tmp_path / "studies" / "sweep" / "report" / "index.html").read_text("utf-8")
    assert "learning_rate" in page and "exploding" in page


def test_runs_of_wandb_are_rows_of_a_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Gradscape imports nothing of it, so that no extra names it. A sweep's agent needs W&B's
    # server; it calls a function that opens its run as this loop does.
    wandb = pytest.importorskip("wandb", reason="pip install wandb")
    from study.commands.app import app

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    identities = []
    for rate in RATES:
        settings = {"learning_rate": rate, "depth": 2}
        with wandb.init(project="rates", config=settings, dir=str(tmp_path)) as run:
            identities.append(run.id)
            network = mlp(depth=run.config["depth"])
            _, watch = train(
                network,
                sgd(network, run.config["learning_rate"], 0.9),
                steps=60,
                config=dict(run.config),
                tables=tmp_path / "runs" / run.id,
            )
            assert watch is not None
            watch.close()
            result = watch.result()
            run.summary.update({"verdict": result.verdict, "cause": result.cause})
            assert run.summary["cause"] == result.cause
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == sorted(identities)
    home = ["--home", str(tmp_path)]
    app(["import", "sweep", str(tmp_path / "runs"), *home], standalone_mode=False)
    assert "added 4 runs" in capsys.readouterr().out
    trials = load_trials("sweep", home=tmp_path).sort_values("learning_rate")
    assert trials["learning_rate"].tolist() == list(RATES)
    assert trials["depth"].tolist() == [2] * 4
    assert trials["verdict"].iloc[-1] == "exploding"
    assert (trials["verdict"].iloc[:-1] == "stable").any()
    app(["report", "sweep", *home], standalone_mode=False)
    page = (tmp_path / "studies" / "sweep" / "report" / "index.html").read_text("utf-8")
    assert "learning_rate" in page and "exploding" in page

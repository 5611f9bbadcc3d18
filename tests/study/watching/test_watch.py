"""A loop that is watched: its numbers stay, what is said of it is true."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

import study
from analysis import load_trials
from search_spaces.errors import InputError
from study.commands.text.watched_runs import run_folders, write_page
from study.tables import TableStore
from study.verdicts import DEFAULT, relabel_study
from study.watching import Watch
from study.watching.harmless import told
from study.watching.reporting.importing import import_into
from tests.study.watching.loops import data, mlp, sgd, train


def test_watching_changes_no_number_and_no_random_state() -> None:
    ends = []
    for watched in (False, True):
        torch.manual_seed(3)
        network = nn.Sequential(
            nn.Linear(12, 16),
            nn.BatchNorm1d(16),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
            nn.Linear(16, 4),
        )
        optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
        losses, _ = train(network, optimizer, steps=30, watched=watched, every=5)
        ends.append((losses, network.state_dict(), torch.get_rng_state()))
    (alone, state, random), (watched_losses, watched_state, watched_random) = ends
    assert alone == watched_losses
    assert all(torch.equal(state[name], watched_state[name]) for name in state)
    assert torch.equal(random, watched_random)


def test_what_is_recorded_is_what_plain_autograd_gives() -> None:
    network = mlp(depth=2)
    optimizer = sgd(network)
    inputs, labels = data()
    _, watch = train(network, optimizer, steps=3, batch=64)
    assert watch is not None
    rows = watch.result().layers.set_index(["step", "name"])

    # The same steps by hand, with pre-activations as leaves of their own.
    network = mlp(depth=2)
    generator = torch.Generator().manual_seed(1)
    for step in range(3):
        chosen = torch.randint(len(inputs), (64,), generator=generator)
        first = network[0](inputs[chosen])
        second = network[2](first.relu())
        loss = nn.functional.cross_entropy(network[4](second.relu()), labels[chosen])
        weights = [network[0].weight, network[2].weight]
        *deltas, by_first, by_second = torch.autograd.grad(
            loss, [first, second, *weights], retain_graph=True
        )
        for name, value, delta, weight, gradient in zip(
            ("0", "2"), (first, second), deltas, weights, (by_first, by_second), strict=True
        ):
            row = rows.loc[(step, name)]
            assert row["delta_rms"] == pytest.approx(float(delta.square().mean().sqrt()), rel=1e-5)
            assert row["preactivation_rms"] == pytest.approx(
                float(value.detach().square().mean().sqrt()), rel=1e-5
            )
            assert row["weight_grad_rms"] == pytest.approx(
                float(gradient.square().mean().sqrt()), rel=1e-5
            )
            # Gradient descent: |update| / |weight| = rate * |gradient| / |weight|.
            assert row["update_ratio"] == pytest.approx(
                0.1 * float(gradient.norm() / weight.detach().norm()), rel=1e-3
            )
            dead = (value.detach().relu() == 0).all(dim=0).double().mean()
            assert row["dead_fraction"] == pytest.approx(float(dead))
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                parameter -= 0.1 * gradient


@pytest.mark.parametrize(
    ("broken", "verdict", "cause"),
    [
        ("nothing", "stable", "none"),
        ("rate too large", "exploding", "large_steps"),
        ("rate too small", "stalled", "small_steps"),
        ("weights too small", "vanishing", "shrinking_through_depth"),
        ("dead layer", "vanishing", "dead_from_start"),
        ("optimizer of another network", "stalled", "still_part"),
        ("loss is not a number", "exploding", "loss_function"),
    ],
)
def test_verdict_and_cause_of_a_loop(broken: str, verdict: str, cause: str) -> None:
    network = mlp(depth=5, activation=nn.Tanh if broken == "weights too small" else nn.ReLU)
    with torch.no_grad():
        if broken == "weights too small":
            for parameter in network.parameters():
                parameter *= 0.1
        if broken == "dead layer":
            network[4].bias.fill_(-100)
    rate = {"rate too large": 100.0, "rate too small": 1e-6}.get(broken, 0.1)
    optimizer = sgd(
        mlp(depth=5) if broken == "optimizer of another network" else network, rate, 0.9
    )
    if broken == "loss is not a number":
        _, watch = train(
            network,
            optimizer,
            change=lambda step, loss: (loss - 2 * loss.detach()).log() if step == 40 else loss,
        )
    else:
        _, watch = train(network, optimizer)
    assert watch is not None
    result = watch.result()
    assert (result.verdict, result.cause) == (verdict, cause), str(result)


def test_what_is_wrong_with_the_call_is_said() -> None:
    network = mlp()
    watch = study.watch(network, sgd(network))
    with pytest.raises(ValueError, match="no step was seen"):
        watch.result()
    with pytest.raises(ValueError, match="losses must be named"):
        watch.step({"other": 1.0})
    with pytest.raises(ValueError, match="every >= 1"):
        study.watch(network, sgd(network), every=0)


def test_closing_takes_all_hooks_away() -> None:
    network = mlp()
    optimizer = sgd(network)
    _, watch = train(network, optimizer, steps=2)
    assert watch is not None
    watch.close()
    assert not any(
        module._forward_hooks or module._forward_pre_hooks for module in network.modules()
    )
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks


def test_the_first_bad_module_is_named_with_its_rows() -> None:
    network = mlp()
    optimizer = sgd(network)
    inputs, labels = data()
    inputs = inputs.clone()
    inputs[7, 3] = math.nan
    watch = study.watch(network, optimizer)
    for start in (64, 128, 0):
        loss = nn.functional.cross_entropy(
            network(inputs[start : start + 64]), labels[start : start + 64]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.step(loss)
    result = watch.result()
    assert result.cause == "data", str(result)
    assert "the inputs of 1 of 64 examples (row 7)" in result.explanation


def test_a_function_that_trains_anew_is_asked_for_what_would_help() -> None:
    def again(learning_rate: float = 100.0, momentum: float = 0.9) -> Watch:
        network = mlp(depth=5)
        _, watch = train(network, sgd(network, learning_rate, momentum), steps=80)
        assert watch is not None
        return watch

    found = again().diagnose(again, most=10)
    (remedy,) = found.remedies
    assert remedy.setting == "learning_rate" and remedy.after <= 1
    assert not any(each.works for each in found.tried[:-1])
    assert "works: learning_rate=" in str(found)
    with pytest.raises(InputError, match="must take a setting to change"):
        again().diagnose(lambda: again())


def test_a_run_is_kept_and_runs_become_a_study(tmp_path: Path) -> None:
    for rate in (0.1, 100.0):
        network = mlp()
        _, watch = train(
            network, sgd(network, rate), steps=40, tables=tmp_path / "runs" / "mine",
            config={"learning_rate": rate, "seed": 7, "why": "a test"},
        )  # fmt: skip
        assert watch is not None
        watch.close()
    # The second one does not replace the first.
    folders = run_folders(str(tmp_path / "runs"))
    assert [folder.name for folder in folders] == ["mine", "mine-2"]
    page = write_page(folders, tmp_path / "page").read_text(encoding="utf-8")
    assert "mine-2: Exploding" in page and "first value that is not finite" in page
    verdicts, number = import_into(tmp_path / "home", "sweep", folders)
    assert (len(verdicts), number) == (2, 2)
    assert import_into(tmp_path / "home", "sweep", folders) == ([], 2)
    trials = load_trials("sweep", home=tmp_path / "home")
    assert trials["learning_rate"].tolist() == [0.1, 100.0]
    assert trials["verdict"].tolist() == verdicts
    assert trials["config_seed"].tolist() == [7, 7]
    # Labels follow from the tables alone, as those of any study.
    again = relabel_study(TableStore(tmp_path / "home/studies/sweep/tables"), DEFAULT)
    assert again["verdict"].tolist() == verdicts
    assert again["cause"].tolist() == trials["cause"].tolist()


@pytest.mark.slow
def test_mlflow_has_metrics_while_it_runs_and_the_verdict_at_the_end(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    network = mlp()
    losses, watch = train(network, sgd(network), steps=6, mlflow=uri)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("watched")
    (run,) = client.search_runs([experiment.experiment_id])
    seen = {
        metric.step: metric.value for metric in client.get_metric_history(run.info.run_id, "loss")
    }
    assert seen == pytest.approx({step: losses[step] for step in (0, 1, 2, 3, 5)})
    assert run.info.status == "RUNNING"
    assert watch is not None
    watch.close()
    ended = client.get_run(run.info.run_id)
    assert ended.info.status == "FINISHED" and ended.data.tags["verdict"] == "stalled"


def test_an_error_of_the_watch_is_a_warning_and_the_training_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*anything: object, **named: object) -> None:
        raise RuntimeError("no such layout")

    told.cache_clear()
    network = mlp()
    expected, _ = train(network, sgd(network), steps=20, watched=False)
    for place in ("observing.signals.of_size", "learner.learning_rate", "learner.mean_loss"):
        monkeypatch.setattr(f"study.watching.{place}", broken)
    network = mlp()
    losses, _ = train(network, sgd(network), steps=20)
    assert losses == expected
    warnings = [record.message for record in caplog.records if "watch failed" in record.message]
    assert any("(RuntimeError: no such layout in Signals" in message for message in warnings)
    assert len(warnings) == len(set(warnings)) < 10


def test_what_the_report_raises_reaches_the_loop() -> None:
    def pruned(moment: object) -> None:
        raise KeyError("pruned")

    network = mlp()
    with pytest.raises(KeyError, match="pruned"):
        train(network, sgd(network), steps=3, report=pruned)

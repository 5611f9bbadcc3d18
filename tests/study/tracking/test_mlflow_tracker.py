from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from study.tracking import (
    MlflowTracker,
    NullTracker,
    TrackingUnavailable,
    artifact_folder,
    default_tracking_uri,
    ui_command,
)
from tests.study.tracking.sample_tables import sample_tables


def open_tracker(home, uri=None):
    return MlflowTracker.open(
        tracking_uri=uri or default_tracking_uri(home),
        study="digits",
        study_file="study: digits\n",
        artifacts=None if uri else artifact_folder(home),
        tags={"gradscape.version": "0.1"},
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A home whose data base is made; making one costs a second."""
    home = tmp_path_factory.mktemp("home")
    open_tracker(home)
    return home


@pytest.fixture
def tracker(template):
    return open_tracker(template)


@pytest.fixture
def client(template):
    import mlflow

    return mlflow.MlflowClient(default_tracking_uri(template))


def children(client, tracker):
    runs = client.search_runs(
        [tracker.experiment_id], f"tags.mlflow.parentRunId = '{tracker.parent_run_id}'"
    )
    return {int(run.data.tags["gradscape.trial"]): run for run in runs}


@pytest.mark.slow
def test_a_trial_is_a_finished_child_run_with_labels_and_hyperparameters(tracker, client):
    runs = tracker.log_trials(sample_tables([3, 4]))
    found = children(client, tracker)
    assert {trial: run.info.run_id for trial, run in found.items()} == runs
    run = found[4]
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "trial-000004"
    assert run.data.params == {
        "depth": "4",
        "activation": "tanh",
        "learning_rate": "0.1",
        "clip_norm": "none",
        "momentum": "0.5",
    }
    assert "momentum" not in found[3].data.params
    assert run.data.tags["verdict"] == "exploding"
    assert run.data.tags["outcome"] == "diverged"
    assert run.data.tags["regime_initial"] == "healthy"
    assert run.data.tags["gradscape.configuration"] == "2"
    assert run.data.tags["mlflow.note.content"] == "trial 4 did what it did"
    assert run.info.end_time - run.info.start_time == 500


def test_the_ui_filter_of_the_documentation_finds_exploding_trials(tracker, client):
    tracker.log_trials(sample_tables(range(6)))
    found = client.search_runs(
        [tracker.experiment_id],
        f"tags.verdict = 'exploding' and tags.mlflow.parentRunId = '{tracker.parent_run_id}'",
    )
    assert sorted(run.data.tags["gradscape.trial"] for run in found) == ["1", "4"]


def test_metrics_are_few_log_spaced_and_right(tracker, client):
    (run_id,) = tracker.log_trials(sample_tables([0], layers=4)).values()

    def history(key):
        return [(m.step, m.value) for m in client.get_metric_history(run_id, key)]

    loss = history("loss")
    steps = [step for step, _ in loss]
    assert len(steps) == 8 and steps[0] == 0 and steps[-1] == 199
    assert steps[4] < 30 and steps[5] < 60
    assert all(value == pytest.approx(1 / (1 + step)) for step, value in loss)
    # Hidden layers 1 to 3 of rms 2**layer; the output layer has no part in it.
    assert history("grad/delta_ratio") == [(0, 0.25), (199, 0.25)]
    # Clipped in the recorded steps 0, 1 and 2 only.
    clipped = dict(history("grad/clipped_fraction"))
    assert clipped[0] == 1.0 and clipped[199] == pytest.approx(3 / 13)
    data = client.get_run(run_id).data
    keys = {"loss", "metric", "grad/norm", "grad/delta_ratio", "grad/clipped_fraction"}
    finals = {"loss_final", "metric_final", "grad_norm_max", "steps_run"}
    assert set(data.metrics) == keys | {"update/ratio"} | finals
    assert data.metrics["loss_final"] == 0.1
    assert sum(len(history(key)) for key in data.metrics) <= 60


def test_a_loss_of_nan_is_logged_as_nan(tracker, client):
    (run_id,) = tracker.log_trials(sample_tables([1])).values()
    assert math.isnan(client.get_metric_history(run_id, "loss")[-1].value)


def test_trials_that_were_logged_before_are_found_and_half_written_ones_replaced(
    template, tracker, client
):
    first = tracker.log_trials(sample_tables([20, 21]))
    half = client.create_run(
        tracker.experiment_id,
        tags={"gradscape.trial": "22", "mlflow.parentRunId": tracker.parent_run_id},
    )
    resumed = open_tracker(template)
    again = resumed.log_trials(sample_tables([20, 21, 22]), maybe_logged=True)
    assert {n: again[n] for n in (20, 21)} == first
    assert again[22] != half.info.run_id
    alive = {**children(client, tracker), **children(client, resumed)}
    assert {trial: run.info.run_id for trial, run in alive.items()} == again


def test_the_parent_run_has_study_file_counts_report_and_tables(tracker, client, tmp_path):
    for name in ("report/index.html", "tables/trials/part-1.parquet"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("content")
    tracker.update_counts({"stable": 3, "exploding": 1})
    tracker.update_counts({"stable": 5, "exploding": 1})
    tracker.log_report(tmp_path / "report")
    tracker.log_tables(tmp_path / "tables")
    tracker.close("FINISHED")
    run = client.get_run(tracker.parent_run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("digits 20")
    assert run.data.metrics == {"trials/stable": 5.0, "trials/exploding": 1.0}
    assert run.data.tags["gradscape.version"] == "0.1"
    listed = {one.path for one in client.list_artifacts(tracker.parent_run_id)}
    assert listed == {"study.yaml", "report", "tables"}
    assert client.list_artifacts(tracker.parent_run_id, "report")[0].path == "report/index.html"


def test_one_experiment_a_study_even_after_somebody_deleted_it(template, client):
    before = open_tracker(template).experiment_id
    client.delete_experiment(before)
    assert open_tracker(template).experiment_id == before


@pytest.mark.slow
def test_opening_is_silent(tmp_path):
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, '.');"
        "from tests.study.tracking.test_mlflow_tracker import open_tracker;"
        "open_tracker(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.slow
def test_where_warnings_are_errors_mlflow_is_no_outage(tmp_path):
    # Own code had called `warnings.simplefilter("error")`: MLflow "does not answer", as SQLAlchemy
    # calls something in it deprecated, and no run of the study ever arrived.
    code = (
        "import sys, warnings; from pathlib import Path; "
        "from study.tracking import MlflowTracker, artifact_folder, default_tracking_uri; "
        "warnings.simplefilter('error'); home = Path(sys.argv[1]); "
        "MlflowTracker.open(tracking_uri=default_tracking_uri(home), study='digits', "
        "study_file='', artifacts=artifact_folder(home)).close('FINISHED')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_importing_tracking_imports_no_mlflow():
    code = "import sys, study.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_passwords_do_not_stand_in_errors(tmp_path):
    with pytest.raises(TrackingUnavailable) as caught:
        open_tracker(tmp_path, "http://ann:s3cret@127.0.0.1:1")
    assert "s3cret" not in str(caught.value)
    assert "http://ann:***@127.0.0.1:1 does not answer" in str(caught.value)


def test_the_null_tracker_gives_no_runs():
    assert NullTracker().log_trials(sample_tables([5, 6])) == {5: None, 6: None}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def served(home, port):
    """`gradscape ui`'s own command, ended with its whole process group."""
    server = subprocess.Popen(
        ui_command(home, port=port),
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                break
            except (URLError, OSError):
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.2)
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.mark.slow
def test_a_server_that_goes_away_and_comes_back_shows_each_trial_once(template):
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    with served(template, port):
        tracker = open_tracker(template, uri)
        first = tracker.log_trials(sample_tables([100]))
    start = time.monotonic()
    with pytest.raises(TrackingUnavailable, match="does not answer"):
        tracker.log_trials(sample_tables([100, 101]), maybe_logged=True)
    assert time.monotonic() - start < 60
    with served(template, port):
        runs = tracker.log_trials(sample_tables([100, 101]), maybe_logged=True)
        assert runs[100] == first[100]
        assert sorted(children(tracker._client, tracker)) == [100, 101]

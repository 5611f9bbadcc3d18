from __future__ import annotations

import pandas as pd
import pytest

from analysis import load_layers, load_steps, load_trials
from study.tables import TableStore
from study.tracking import (
    MlflowTracker,
    StudyKey,
    TablesNotTracked,
    artifact_folder,
    default_tracking_uri,
    download_tables,
)
from study.tracking.artifacts.upload import LARGEST_MB
from tests.study.tracking.sample_tables import sample_tables


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def client(home):
    import mlflow

    return mlflow.MlflowClient(default_tracking_uri(home))


def invocation(home, study, *, study_key="here"):
    return MlflowTracker.open(
        tracking_uri=default_tracking_uri(home),
        study=study,
        study_file="",
        artifacts=artifact_folder(home),
        study_key=StudyKey(own=study_key),
    )


def write_part(folder, trials, name):
    TableStore(folder / "tables").write(sample_tables(trials), name)


def files_of(client, tracker):
    run = tracker.parent_run_id
    return {
        one.path
        for table in ("trials", "steps", "layers")
        for one in client.list_artifacts(run, f"tables/{table}")
    }


@pytest.mark.slow
def test_each_part_goes_up_once_and_all_come_back_together(home, client, tmp_path):
    local = tmp_path / "local"
    write_part(local, [0, 1, 2], "a")
    first = invocation(home, "resumed")
    first.log_tables(local / "tables")
    first.close("KILLED")
    write_part(local, [3, 4], "b")
    TableStore(local / "tables").write_runs({3: "run-of-3"})
    second = invocation(home, "resumed")
    second.log_tables(local / "tables")
    second.log_tables(local / "tables")
    assert {path.rpartition("/")[2] for path in files_of(client, second)} == {"part-b.parquet"}
    found = download_tables(default_tracking_uri(home), "resumed", tmp_path / "got")
    assert (found.parts, found.other_studies) == (2, 0)
    for load in (load_trials, load_steps, load_layers):
        pd.testing.assert_frame_equal(load(found.folder), load(local))
    assert load_trials(found.folder)["mlflow_run_id"][3] == "run-of-3"


def test_parts_of_a_run_that_somebody_deleted_go_up_again(home, client, tmp_path):
    write_part(tmp_path, [0, 1], "a")
    first = invocation(home, "deleted")
    first.log_tables(tmp_path / "tables")
    client.delete_run(first.parent_run_id)
    second = invocation(home, "deleted")
    second.log_tables(tmp_path / "tables")
    found = download_tables(default_tracking_uri(home), "deleted", tmp_path / "got")
    assert list(load_trials(found.folder)["trial"]) == [0, 1]


def test_a_part_that_was_never_finished_stays_out(home, client, tmp_path):
    write_part(tmp_path, [0], "a")
    write_part(tmp_path, [1], "b")
    (tmp_path / "tables" / "trials" / "part-b.parquet").unlink()
    tracker = invocation(home, "unfinished")
    tracker.log_tables(tmp_path / "tables")
    assert not any("part-b" in path for path in files_of(client, tracker))


def test_the_same_study_of_another_home_is_not_mixed_in(home, tmp_path):
    for study_key, trials in (("here", [0, 1]), ("there", [0, 1, 2])):
        write_part(tmp_path / study_key, trials, study_key)
        invocation(home, "twice", study_key=study_key).log_tables(tmp_path / study_key / "tables")
    found = download_tables(default_tracking_uri(home), "twice", tmp_path / "got")
    assert found.other_studies == 1
    assert [path.name for path in (found.folder / "tables/trials").iterdir()] == [
        "part-there.parquet"
    ]


def test_files_that_are_no_parts_are_not_fetched(home, client, tmp_path):
    write_part(tmp_path / "local", [0], "a")
    tracker = invocation(home, "strange")
    tracker.log_tables(tmp_path / "local" / "tables")
    for name in ("evil.py", "part-x.parquet.sh", "part-.parquet"):
        client.log_text(tracker.parent_run_id, "x", f"tables/trials/{name}")
    client.log_text(tracker.parent_run_id, "x", "tables/other/part-b.parquet")
    found = download_tables(default_tracking_uri(home), "strange", tmp_path / "got")
    fetched = {str(path.relative_to(found.folder)) for path in found.folder.rglob("*.*")}
    assert fetched == {f"tables/{table}/part-a.parquet" for table in ("trials", "steps", "layers")}


def test_no_such_study_tells_the_studies_there_are(home, client, tmp_path):
    invocation(home, "known-one")
    client.create_experiment("somebody-elses")
    for name in ("unknown", "../known-one", "it's"):
        with pytest.raises(TablesNotTracked, match="unknown study") as error:
            download_tables(default_tracking_uri(home), name, tmp_path)
        assert "known-one" in error.value.known
        assert "somebody-elses" not in error.value.known and "Default" not in error.value.known


def test_a_study_without_tables_says_so(home, tmp_path):
    invocation(home, "bare")
    with pytest.raises(TablesNotTracked, match="its runs have no tables"):
        download_tables(default_tracking_uri(home), "bare", tmp_path)


def test_a_report_goes_up_with_its_images_without_its_largest_files(home, client, tmp_path):
    report = tmp_path / "report"
    (report / "figures").mkdir(parents=True)
    (report / "index.html").write_text("page")
    (report / "figures" / "map.png").write_text("image")
    with open(report / "layers.csv", "wb") as file:
        file.truncate(int(LARGEST_MB * 1e6) + 1)
    tracker = invocation(home, "reported")
    tracker.log_report(report)
    listed = {one.path for one in client.list_artifacts(tracker.parent_run_id, "report")}
    assert listed == {"report/index.html", "report/figures"}
    inside = client.list_artifacts(tracker.parent_run_id, "report/figures")
    assert [one.path for one in inside] == ["report/figures/map.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]

"""`gradscape ui` as a person sees it, in a real browser."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from analysis import load_trials
from analysis.report.page.trial_card import run_link
from study.tracking import default_tracking_uri
from tests.support.browser import browser, save_full_page, set_viewport, severe_messages
from tests.support.driver import PATIENCE_S, Command, gradscape, left_of
from tests.support.left_behind import mlflow_runs

__all__ = ["browser"]

pytestmark = pytest.mark.slow

STUDY = """
study: shown
task: digits
network: mlp
hyperparameters:
  depth: [2, 6]
  activation: [sigmoid, tanh]
  learning_rate: {low: 1.0e-3, high: 100.0, log: true}
  width: 16
steps: 40
trials: 24
"""

FLAT = "orderByKey=metrics.%60loss_final%60"
"""Sorted by a metric MLflow lists trials by themselves, else folded under their parents."""

COUNT_FIGURES = (
    "const seen = [...document.querySelectorAll('.plot')]"
    ".filter(plot => !plot.closest('details:not([open])'));"
    "return [seen.length, seen.filter(plot => plot.querySelector('.main-svg')).length]"
)
"""How many figures are not behind a click, and how many of those are drawn."""


@dataclass(frozen=True, kw_only=True)
class Ui:
    home: Path
    port: int
    command: Command
    runs_page: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start_ui(folder: Path) -> Ui:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = Command("ui", "--port", port, folder=folder)
    command.wait_for_line(f"MLflow on http://127.0.0.1:{port} (Ctrl-C ends it)")
    page = command.wait_for_line("shown: ").removeprefix("shown: ")
    return Ui(home=folder / "gradscape", port=port, command=command, runs_page=page)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a finished study, with its report."""
    made = tmp_path_factory.mktemp("shown")
    (made / "shown.yaml").write_text(STUDY)
    ended = gradscape("run", made / "shown.yaml", "--local-mode", folder=made)
    assert ended.code == 0, ended
    return made


@pytest.fixture(scope="module")
def ui(folder: Path) -> Iterator[Ui]:
    made = start_ui(folder)
    yield made
    # Here, so that SIGTERM needs no MLflow of its own.
    ends_and_leaves_nothing(made, signal.SIGTERM)


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where to keep pictures for people; GRADSCAPE_SCREENSHOTS names a lasting place."""
    given = os.environ.get("GRADSCAPE_SCREENSHOTS")
    place = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    place.mkdir(parents=True, exist_ok=True)
    return place


def forget(browser: WebDriver, ui: Ui) -> None:
    """MLflow remembers the last filter, and opens an assistant on the first visit.

    Its version is a line at the same origin, where a whole page of MLflow costs seconds.
    """
    browser.get(f"{ui.url}/version")
    browser.execute_script(
        "localStorage.clear();"
        "localStorage['mlflow.assistant.fab.autoOpenedOnFirstLoad_v1'] = 'true';"
        "localStorage['mlflow.assistant.panelOpen_v1'] = 'false'"
    )
    browser.get("about:blank")


def test_the_runs_filtered_by_verdict_are_the_exploding_trials(
    ui: Ui, browser: WebDriver, screenshots: Path
) -> None:
    trials = load_trials("shown", home=ui.home)
    exploding = trials.query("verdict == 'exploding'")["trial"]
    assert 3 <= len(exploding) <= 20, "the table shows no more than it can without scrolling"
    forget(browser, ui)
    set_viewport(browser, width=1500, height=800)
    query = "searchFilter=tags.verdict%20%3D%20%27exploding%27"
    browser.get(f"{ui.runs_page}&{query}&{FLAT}")
    WebDriverWait(browser, PATIENCE_S).until(lambda page: listed_trials(page))
    save_full_page(browser, screenshots / "mlflow-exploding.png")
    assert listed_trials(browser) == {f"trial-{trial:06d}" for trial in exploding}
    assert f"{len(exploding)} matching runs" in text_of(browser)
    # The training view, not the one for language models that MLflow opens on.
    assert "Observability" not in text_of(browser)


def test_the_link_to_the_runs_shows_every_trial_unfolded(
    ui: Ui, browser: WebDriver, screenshots: Path
) -> None:
    _, children = mlflow_runs(ui.home, "shown")
    forget(browser, ui)
    set_viewport(browser, width=1500, height=1600)
    browser.get(ui.runs_page)
    names = {child.info.run_name for child in children}
    WebDriverWait(browser, PATIENCE_S).until(lambda page: listed_trials(page) == names)
    save_full_page(browser, screenshots / "mlflow-runs.png")


def test_the_report_opens_in_the_artifact_viewer_with_its_figures(
    ui: Ui, browser: WebDriver, screenshots: Path
) -> None:
    (parent,), _ = mlflow_runs(ui.home, "shown")
    forget(browser, ui)
    severe_messages(browser)
    set_viewport(browser, width=1300, height=900)
    run_page = f"{ui.url}/#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}"
    browser.get(f"{run_page}/artifacts/report/index.html")
    frame = WebDriverWait(browser, PATIENCE_S).until(
        lambda page: page.find_elements(By.CSS_SELECTOR, "iframe")
    )[0]
    browser.switch_to.frame(frame)
    try:
        WebDriverWait(browser, PATIENCE_S).until(
            lambda page: page.execute_script("return 'drawn' in document.documentElement.dataset")
        )
        assert browser.find_element(By.TAG_NAME, "h1").text == "shown"
        seen, drawn = browser.execute_script(COUNT_FIGURES)
        assert seen == drawn > 0
        # What is behind a click is drawn when it is opened.
        browser.execute_script(
            "document.querySelectorAll('details:not(.figure-data)')"
            ".forEach(one => { one.open = true })"
        )
        WebDriverWait(browser, PATIENCE_S).until(
            lambda page: (counted := page.execute_script(COUNT_FIGURES))[0] == counted[1] > seen
        )
    finally:
        browser.switch_to.default_content()
    # MLflow without accounts answers its own question for the user with "not found".
    assert [one for one in severe_messages(browser) if "/users/current" not in one] == []
    save_full_page(browser, screenshots / "mlflow-report.png")


def test_the_six_metrics_of_trials_are_charts_side_by_side(
    ui: Ui, browser: WebDriver, screenshots: Path
) -> None:
    """The chart view of the runs that a filter chooses: one line a trial in each chart."""
    forget(browser, ui)
    set_viewport(browser, width=1500, height=2400)
    query = (
        "searchFilter=params.depth%20%3D%20%276%27%20and%20params.activation%20%3D%20%27tanh%27"
    )
    browser.get(f"{ui.runs_page}&{query}&{FLAT}&compareRunsMode=CHART")
    wanted = {"loss", "metric", "grad/norm", "grad/delta_ratio", "grad/clipped_fraction"}
    wanted.add("update/ratio")
    charts = WebDriverWait(browser, PATIENCE_S).until(
        lambda page: wanted <= (titles := chart_titles(page)) and titles
    )
    assert wanted <= charts
    WebDriverWait(browser, PATIENCE_S).until(
        lambda page: page.find_elements(By.CSS_SELECTOR, ".js-plotly-plot .main-svg")
    )
    set_viewport(browser, width=1500, height=1000)
    save_full_page(browser, screenshots / "mlflow-charts.png")


def test_trials_are_sorted_by_a_metric_and_filtered_by_hyperparameters(
    ui: Ui, browser: WebDriver
) -> None:
    trials = load_trials("shown", home=ui.home)
    chosen = trials.query("depth == 2 and activation == 'tanh'").sort_values("metric_final")
    query = (
        "searchFilter=params.depth%20%3D%20%272%27%20and%20params.activation%20%3D%20%27tanh%27"
    )
    browser.get("about:blank")
    set_viewport(browser, width=1600, height=1200)
    order = "orderByKey=metrics.%60metric_final%60&orderByAsc=true"
    browser.get(f"{ui.runs_page}&{query}&{order}")
    WebDriverWait(browser, PATIENCE_S).until(lambda page: len(listed_trials(page)) == len(chosen))
    links = browser.find_elements(By.CSS_SELECTOR, "a[href*='/runs/']")
    places = {link.text: link.location["y"] for link in links if link.text.startswith("trial-")}
    shown = sorted(places, key=lambda name: places[name])
    values = chosen.set_index("trial")["metric_final"]
    listed = [values[int(name.removeprefix("trial-"))] for name in shown]
    assert listed == sorted(listed)


def test_experiment_and_runs_say_what_they_are(
    ui: Ui, browser: WebDriver, screenshots: Path
) -> None:
    (parent,), children = mlflow_runs(ui.home, "shown")
    client = mlflow.MlflowClient(default_tracking_uri(ui.home))
    experiment = client.get_experiment(parent.info.experiment_id)
    assert "**shown**: mlp on digits" in experiment.tags["mlflow.note.content"]
    assert "24 trials:" in parent.data.tags["mlflow.note.content"]
    assert all(child.data.tags["mlflow.note.content"] for child in children)
    forget(browser, ui)
    set_viewport(browser, width=1300, height=850)
    browser.get(f"{ui.url}/#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}")
    WebDriverWait(browser, PATIENCE_S).until(lambda page: "24 trials:" in text_of(page))
    save_full_page(browser, screenshots / "mlflow-parent.png")


def test_the_maps_are_images_that_the_artifact_viewer_shows(
    ui: Ui, browser: WebDriver, screenshots: Path
) -> None:
    (parent,), _ = mlflow_runs(ui.home, "shown")
    client = mlflow.MlflowClient(default_tracking_uri(ui.home))
    listed = [one.path for one in client.list_artifacts(parent.info.run_id, "report/figures")]
    maps = [path for path in listed if path.endswith("map-0.png")]
    assert maps
    forget(browser, ui)
    set_viewport(browser, width=1300, height=800)
    browser.get(
        f"{ui.url}/#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}"
        f"/artifacts/{maps[0]}"
    )
    # 860 CSS pixels at two pixels each, unlike MLflow's own pictures.
    WebDriverWait(browser, PATIENCE_S).until(
        lambda page: page.execute_script(
            "return [...document.querySelectorAll('img')].some(img => img.naturalWidth === 1720)"
        )
    )
    save_full_page(browser, screenshots / "mlflow-map.png")


def test_a_link_from_the_report_opens_the_run(ui: Ui, browser: WebDriver) -> None:
    """The report knows a run's id alone, not its experiment's; MLflow leads on from there."""
    _, children = mlflow_runs(ui.home, "shown")
    run = children[0].info
    browser.get("about:blank")
    browser.get(run_link(ui.url, run.run_id))
    WebDriverWait(browser, PATIENCE_S).until(lambda page: run.run_name in text_of(page))
    assert f"/experiments/{run.experiment_id}/runs/{run.run_id}" in browser.current_url


def test_it_listens_on_this_machine_only(ui: Ui) -> None:
    assert addresses_listening_on(ui.port) == {"127.0.0.1"}


def test_it_ends_at_ctrl_c_and_leaves_nothing(folder: Path) -> None:
    """At SIGTERM too: so ends what the other tests look at."""
    ends_and_leaves_nothing(start_ui(folder), signal.SIGINT)


def ends_and_leaves_nothing(ui: Ui, told: signal.Signals) -> None:
    pid = ui.command.process.pid
    sessions = {pid} | {os.getsid(child) for child in children_of(pid)}
    if told == signal.SIGINT:
        ui.command.press_ctrl_c()
    else:
        ui.command.process.send_signal(told)
    ended = ui.command.end()
    assert ended.code == 0 and ended.seconds < 120, ended
    assert "Traceback" not in ended.err
    assert left_of(sessions) == []
    assert addresses_listening_on(ui.port) == set()


def test_a_port_in_use_is_refused(folder: Path, ui: Ui) -> None:
    ended = gradscape("ui", "--port", ui.port, folder=folder)
    assert ended.code == 2 and ended.err.count("\n") == 1, ended
    assert f"{ui.port} is in use; choose one with --port" in ended.err


def chart_titles(page: WebDriver) -> set[str]:
    return {line.strip() for line in text_of(page).splitlines()}


def text_of(page: WebDriver) -> str:
    return str(page.find_element(By.TAG_NAME, "body").text)


def listed_trials(page: WebDriver) -> set[str]:
    links = page.find_elements(By.CSS_SELECTOR, "a[href*='/runs/']")
    return {link.text for link in links if link.text.startswith("trial-")}


def addresses_listening_on(port: int) -> set[str]:
    """Read from the kernel: local addresses of sockets that listen there."""
    found = set()
    for family, table in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            packed, _, number = address.partition(":")
            if state == "0A" and int(number, 16) == port:
                words = [
                    bytes.fromhex(packed[at : at + 8])[::-1] for at in range(0, len(packed), 8)
                ]
                found.add(socket.inet_ntop(family, b"".join(words)))
    return found


def children_of(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(child) for child in listed.split()]

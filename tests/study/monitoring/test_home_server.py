from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from study.monitoring.home_server import HomeServer, report_file
from tests.support.synthetic import RATE, synthetic_tables, write_study


@pytest.fixture
def served(tmp_path):
    write_study(tmp_path, synthetic_tables(12, space=RATE), name="one")
    report = tmp_path / "studies" / "one" / "report"
    (report / "figures").mkdir(parents=True)
    (report / "index.html").write_text("the page")
    (report / "figures" / "map.png").write_bytes(b"picture")
    (tmp_path / "studies" / "one" / "study.yaml").write_text("password: secret")
    with HomeServer(tmp_path, port=0, links={"one": "http://127.0.0.1:5000/#/x"}) as server:
        yield server


def read(url: str, **headers: str) -> str:
    with urlopen(Request(url, headers=headers), timeout=10) as answer:
        return answer.read().decode()


def test_the_start_page_leads_to_reports_and_runs(served):
    start = read(served.url)
    assert '<a href="/studies/one/">report</a>' in start and "<td>12</td>" in start
    assert '<a href="http://127.0.0.1:5000/#/x">runs</a>' in start
    assert read(served.url + "studies/one/") == "the page"
    assert read(served.url + "studies/one/figures/map.png") == "picture"


@pytest.mark.parametrize(
    "path", ["studies/one/../study.yaml", "studies/one/%2e%2e/study.yaml", "studies/two/", "x"]
)
def test_nothing_but_reports_is_served(served, tmp_path, path):
    with pytest.raises(HTTPError, match="404"):
        read(served.url + path)
    assert report_file(tmp_path, "/studies/one//etc/passwd") is None


def test_it_answers_to_this_machine_s_own_name_and_changes_nothing(served):
    with pytest.raises(HTTPError, match="403"):
        read(served.url, Host="evil.example:80")
    with pytest.raises(HTTPError, match="501"):
        urlopen(Request(served.url, data=b"x", method="POST"), timeout=10)

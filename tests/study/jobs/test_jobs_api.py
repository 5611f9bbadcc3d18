"""What is not Ray's dashboard, or should not be trusted; see `tests/jobs/on_ray` for what is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study.jobs import ClusterUnavailable, JobsApi, JobUnknown, cluster_address, connect
from study.jobs.token import Token
from tests.study.jobs.http_server import self_signed, web_server

VERSION = '{"version": "4", "ray_version": "2.60.0"}'


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "sesame")


def test_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = cluster_address(f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ClusterUnavailable, match=f"no cluster answers at {address.url}: Conn"):
            connect(address)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(ClusterUnavailable, match="no cluster answers at http://head.invalid:8265"):
        connect(cluster_address("head.invalid"))


@pytest.mark.slow
@pytest.mark.parametrize(("status", "body"), [(404, "nothing"), (200, "<html>"), (200, "{}")])
def test_some_other_server(status: int, body: str) -> None:
    with web_server(status=status, body=body) as server:
        with pytest.raises(InputError, match="answers, but is no Ray dashboard"):
            connect(cluster_address(f"127.0.0.1:{server.port}"))
        assert server.tokens == [""]


def test_a_token_is_sent_only_where_one_is_wanted() -> None:
    with web_server(body=VERSION) as server:
        connect(cluster_address(f"127.0.0.1:{server.port}"))
        assert server.tokens == [""]
    with web_server(status=401) as server:
        with pytest.raises(InputError, match="asks for a token"):
            connect(cluster_address(f"127.0.0.1:{server.port}"))
        assert server.tokens == ["", "Bearer sesame"]


def test_a_password_for_the_host_in_netrc_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with web_server(status=401) as server:
        with pytest.raises(InputError):
            connect(cluster_address(f"127.0.0.1:{server.port}"))
        assert server.tokens == ["", "Bearer sesame"]


def test_nobody_is_followed_elsewhere() -> None:
    with web_server(body=VERSION) as elsewhere:
        location = f"http://127.0.0.1:{elsewhere.port}/api/version"
        with web_server(status=307, headers={"Location": location}) as server:
            api = JobsApi(cluster_address(f"127.0.0.1:{server.port}"), Token("sesame"))
            with pytest.raises(InputError, match=r"sends elsewhere \(307\); name the address of"):
                api.check()
        assert elsewhere.tokens == []


def test_a_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with web_server(body=VERSION, certificate=certificate) as server:
        address = cluster_address(f"https://127.0.0.1:{server.port}")
        with pytest.raises(InputError, match="the certificate of .* must be valid, but .*self"):
            connect(address)
        # Not even for those who accept a cluster without token.
        with pytest.raises(InputError, match="the certificate of .* must be valid"):
            connect(address, insecure=True)
        assert server.tokens == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
        connect(address)


def test_a_server_in_trouble() -> None:
    trouble = "Traceback (most recent call last):\n  ...\nTimeoutError: no agent\n"
    with (
        web_server(status=500, body=trouble) as server,
        pytest.raises(ClusterUnavailable, match=r"failed \(500\): TimeoutError: no agent"),
    ):
        connect(cluster_address(f"127.0.0.1:{server.port}"))


def test_a_job_that_is_not_there() -> None:
    with web_server(status=404) as server, pytest.raises(JobUnknown, match="knows no such job"):
        JobsApi(cluster_address(f"127.0.0.1:{server.port}")).job("small-1")
    # A job that somebody else submitted by other means is not ours to report on.
    foreign = '{"type": "SUBMISSION", "submission_id": "x", "status": "RUNNING", "metadata": {}}'
    with web_server(body=foreign) as server, pytest.raises(JobUnknown, match="not one of grad"):
        JobsApi(cluster_address(f"127.0.0.1:{server.port}")).job("x")

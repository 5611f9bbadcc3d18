from __future__ import annotations

import pytest

from search_spaces.errors import InputError
from study.jobs import cluster_address


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://head:8265", "http://head:8265"),
        ("http://head:8265/", "http://head:8265"),
        ("head:8265", "http://head:8265"),
        ("head", "http://head:8265"),
        ("https://ray.example.org", "https://ray.example.org"),
        ("https://ray.example.org/cluster/", "https://ray.example.org/cluster"),
        ("http://[::1]:8265", "http://[::1]:8265"),
        ("127.0.0.1:1", "http://127.0.0.1:1"),
    ],
)
def test_what_people_write(given: str, url: str) -> None:
    assert cluster_address(given).url == url


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback(host: str) -> None:
    assert cluster_address(f"http://{host}:8265").is_loopback


@pytest.mark.parametrize(
    # Names may resolve to anything, and 0.0.0.0 is no address of one machine.
    "host",
    ["head", "10.0.0.1", "0.0.0.0", "localhost.example.org", "127.0.0.1.example.org", "[fe80::1]"],
)
def test_not_loopback(host: str) -> None:
    assert not cluster_address(f"http://{host}:8265").is_loopback


@pytest.mark.parametrize(
    "given",
    ["ray://head:10001", "", "http://", "http://head:port", "http://head:8265/?token=x", "a b"],
)
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(InputError, match=r"--address: must be http\(s\)://HOST:PORT of the"):
        cluster_address(given)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="without user or password: .* RAY_AUTH_TOKEN") as caught:
        cluster_address("http://ann:hunter2@head:8265")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://ann:hun/ter2@head:8265", "http://head:8265?token=hunter2", "hunter2@head"]
)
def test_a_secret_that_looks_like_a_path_or_query_is_not_repeated(address: str) -> None:
    # Once the refusal quoted the whole address: its user and password did not look like one.
    with pytest.raises(InputError, match="without user or password") as caught:
        cluster_address(address)
    assert "hun" not in str(caught.value) and "ter2" not in str(caught.value)

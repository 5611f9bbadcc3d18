from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study.jobs.token import ray_token

RAY = """
import json, os, sys
from ray._raylet import AuthenticationTokenLoader
found = []
for variables in json.load(sys.stdin):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "HOME"):
        os.environ.pop(name, None)
    os.environ.update(variables)
    loader = AuthenticationTokenLoader.instance()
    loader.reset_cache()
    try:
        found.append(loader.get_raw_token(ignore_auth_mode=True))
    except Exception:
        found.append("refused")
print(json.dumps(found))
"""


def cases(folder: Path) -> list[dict[str, str]]:
    """Environments with tokens in one or more of the paths, and with none."""
    (folder / "home" / ".ray").mkdir(parents=True)
    (folder / "home" / ".ray" / "auth_token").write_text(" of-home\n")
    (folder / "file").write_text("\tof-file \n\n")
    (folder / "empty").write_text(" \n")
    home = {"HOME": str(folder / "home")}
    file = {"RAY_AUTH_TOKEN_PATH": str(folder / "file")}
    return [
        {"HOME": str(folder / "nowhere")},
        home,
        home | {"RAY_AUTH_TOKEN": "of-variable"},
        home | {"RAY_AUTH_TOKEN": ""},
        home | file,
        home | file | {"RAY_AUTH_TOKEN": "of-variable"},
        home | {"RAY_AUTH_TOKEN_PATH": ""},
        home | {"RAY_AUTH_TOKEN_PATH": str(folder / "missing")},
        home | {"RAY_AUTH_TOKEN_PATH": str(folder / "empty")},
    ]


def test_a_token_that_others_can_read_is_put_right_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / ".ray" / "auth_token"
    file.parent.mkdir()
    file.write_text("abc\n")
    file.chmod(0o644)
    assert ray_token() == "abc"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "~/.ray/auth_token could be read by others (mode 644)" in caplog.text
    assert "abc" not in caplog.text
    caplog.clear()
    assert ray_token() == "abc" and not caplog.text


def test_read_where_ray_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environments = cases(tmp_path)
    ray = subprocess.run(
        [sys.executable, "-c", RAY],
        input=json.dumps(environments),
        env={**os.environ, "RAY_AUTH_MODE": "token"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for environment in environments:
        for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        try:
            found.append(ray_token() or "")
        except InputError:
            found.append("refused")
    assert found == [one or "" for one in json.loads(ray.stdout)]
    assert "of-file" in found and "of-home" in found and "of-variable" in found


def test_a_file_that_is_named_must_hold_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "missing"))
    with pytest.raises(InputError, match="RAY_AUTH_TOKEN_PATH: .*missing cannot be read: No such"):
        ray_token()
    (tmp_path / "empty").write_text("\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "empty"))
    with pytest.raises(InputError, match="RAY_AUTH_TOKEN_PATH: .*must hold a token, but is empty"):
        ray_token()


def test_a_token_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "sesame")
    assert "sesame" not in repr([ray_token()])
    # The HTTP library's own error would quote such a header.
    monkeypatch.setenv("RAY_AUTH_TOKEN", "open\nsesame")
    with pytest.raises(InputError, match="RAY_AUTH_TOKEN: the token must be printable") as caught:
        ray_token()
    assert "sesame" not in str(caught.value)

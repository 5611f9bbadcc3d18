"""Ctrl-C ends any command with one line that claims nothing the command does not do."""

import pytest

from study.tables import home
from tests.study.commands.conftest import Gradscape, gradscape

__all__ = ["gradscape"]


def test_an_interrupted_command_says_so_and_claims_nothing(
    gradscape: Gradscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Once every command said that it goes on later, though only a run can; then Typer ended all
    # of them with 130 and not a word.
    def interrupted(folder: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(home, "home_folder", interrupted)
    for command in (["list"], ["status", "c"], ["deliver", "c"], ["logs", "c"]):
        said = gradscape(*command)
        assert (said.code, said.out, said.err) == (130, "", "gradscape: interrupted\n"), command

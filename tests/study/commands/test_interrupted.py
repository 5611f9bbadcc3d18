"""Ctrl-C ends any command with one line that claims nothing the command does not do."""

import pytest

from study.commands import app


def test_an_interrupted_command_does_not_claim_that_it_goes_on_later(monkeypatch, capsys):
    # Once every command said so, though only a run can.
    def interrupted(**options):
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "gradscape: interrupted\n"

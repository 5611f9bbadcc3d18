"""The `gradscape` command: its sub-commands, and what its exit codes mean."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from search_spaces.errors import GradscapeError
from study.commands import (
    check,
    deliver,
    diagnose,
    import_runs,
    init,
    listing,
    logs,
    predict,
    report,
    run,
    status,
    stop,
    submit,
    ui,
)
from study.commands.exit_codes import ExitCode, exit_code
from study.commands.usage import UsageError, usage_text
from study.commands.version import version_text
from study.errors import Interrupted, RayProcessDied
from study.own_code import exits_told


class Commands(TyperGroup):
    """All commands; Typer would end an interrupted one with its exit code and not a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None


app = typer.Typer(
    name="gradscape",
    cls=Commands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="init")(init.init)
app.command(name="check")(check.check)
app.command(name="run")(run.run)
app.command(name="diagnose")(diagnose.diagnose)
app.command(name="report")(report.report)
app.command(name="predict")(predict.predict)
app.command(name="deliver")(deliver.deliver)
app.command(name="import")(import_runs.import_runs)
app.command(name="ui")(ui.ui)
app.command(name="submit")(submit.submit)
app.command(name="list")(listing.list_studies)
app.command(name="status")(status.status)
app.command(name="logs")(logs.logs)
app.command(name="stop")(stop.stop)


@app.callback()
def gradscape(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and those of what it stands on.")
    ] = False,
) -> None:
    """Finds where deep networks train: studies of gradient stability, and their map."""
    if version:
        typer.echo(version_text())
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.WRONG_INPUT)


def main() -> None:
    """Runs the command line; expected failures are one line on stderr and an exit code."""
    if not _folder_is_there():
        _fail(
            "gradscape: the folder in which this command is called was removed; "
            "change into one that is there",
            ExitCode.WRONG_INPUT,
        )
    try:
        # What is wrong with the command line is raised here, not printed in a box of 5 lines.
        with exits_told(lambda line: print(f"gradscape: {line}", file=sys.stderr, flush=True)):
            code = app(prog_name="gradscape", standalone_mode=False)
        raise SystemExit(code if isinstance(code, int) else ExitCode.DONE)
    except UsageError as error:
        _fail(usage_text(error), ExitCode.WRONG_INPUT)
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has gone; Python would complain at exit otherwise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.FAILED) from None
    except RayProcessDied as error:
        raise SystemExit(exit_code(error)) from None  # A notice has said it.
    except GradscapeError as error:
        _fail(f"gradscape: {error}", exit_code(error))


def _folder_is_there() -> bool:
    try:
        return Path.cwd().is_dir()
    except FileNotFoundError:
        return False


def _fail(message: str, code: ExitCode) -> None:
    line = " ".join(message.split("\n"))
    # An error of own code may hold what a terminal obeys: colours, a bell, a cursor that moves.
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
    print(shown, file=sys.stderr)
    raise SystemExit(code)

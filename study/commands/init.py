"""`gradscape init`: a study file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from search_spaces.errors import InputError, unknown


def init(
    preset: Annotated[str | None, typer.Argument(help="Name of a preset.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write; default PRESET.yaml here."),
    ] = None,
) -> None:
    """Write a commented study file to start from; without PRESET, list the presets.

    Example: gradscape init digits-mlp
    """
    from study.study_file import list_presets, preset_text

    presets = list_presets()
    if preset is None:
        for name in presets:
            title = preset_text(name).split("\n", 1)[0].lstrip("# ")
            typer.echo(f"{name:20s} {title}")
        typer.echo("\nWrite one of them with: gradscape init PRESET")
        return
    if preset not in presets:
        raise InputError(unknown("preset", preset, presets))
    path = output or Path(f"{preset}.yaml")
    if path.exists():
        raise InputError(f"{path} exists already; choose another file with -o", file=str(path))
    try:
        path.write_text(preset_text(preset), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=str(path)) from error
    typer.echo(f"wrote {path}; next: gradscape check {path}, then gradscape run {path}")

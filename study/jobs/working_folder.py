"""The files of a person's own code, and whether they are few enough to be uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from search_spaces.errors import InputError
from study.jobs.ignored import Ignores, default_rules, rules_in

OPTION = "--working-dir"

LARGEST_UPLOAD_BYTES = 100 * 2**20
"""What the head's dashboard takes; Ray's own client, which allows 512 MiB, learns it too late
(ray issue 55877)."""

LISTED = 10
"""Files and folders that are named when there is too much."""

_OURS = ("study", "search_spaces", "analysis")
"""Packages of gradscape that a person's modules of the same name would hide on the cluster."""

_Path = PurePosixPath


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file, or an empty folder, that goes to the cluster.

    Attributes:
        path: Where it will lie in the job's working folder, relative to that.
        source: Where it lies now.
        bytes: Its size; 0 of an empty folder.
    """

    path: PurePosixPath
    source: Path
    bytes: int


def files_of(folder: Path) -> list[PackedFile]:
    """What Ray would upload of a folder, sorted by path.

    Raises:
        InputError: If it is no folder, or cannot be read.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise InputError(f"must be a folder, but {folder} is none", key=OPTION)
    try:
        files = list(_travel(root, root, default_rules(root), (root,)))
    except OSError as error:
        where = error.filename or folder
        raise InputError(f"{where} cannot be read: {error.strerror}", key=OPTION) from None
    return sorted(files, key=lambda file: file.path)


def check_names(files: list[PackedFile], folder: Path) -> None:
    """Refuses code whose names would hide gradscape's own packages on the cluster.

    Raises:
        InputError: If it would.
    """
    paths = {str(file.path) for file in files}
    if "study/commands/app.py" in paths:
        return  # This is gradscape itself.
    for name in _OURS:
        for path in (f"{name}.py", f"{name}/__init__.py"):
            if path in paths:
                raise InputError(
                    f"no module of yours may be named {', '.join(_OURS[:-1])} or {_OURS[-1]}, "
                    f"which are gradscape's, but there is {folder / path}",
                    key=OPTION,
                )


def check_size(files: list[PackedFile], folder: Path) -> None:
    """Refuses what the cluster would not take, before it is read.

    Raises:
        InputError: If it is too much; the message names what is large.
    """
    total = sum(file.bytes for file in files)
    if total <= LARGEST_UPLOAD_BYTES:
        return
    large = ", ".join(f"{name} {_mib(size)}" for name, size in largest(files))
    raise InputError(
        f"a cluster takes at most {_mib(LARGEST_UPLOAD_BYTES)}, but {folder} has {_mib(total)}; "
        f"largest: {large}; leave out with a .rayignore file what the job does not need, and put "
        "data where every node has it",
        key=OPTION,
    )


def largest(files: list[PackedFile]) -> list[tuple[str, int]]:
    """The ten largest files and folders with their bytes.

    A folder stands for its contents unless one thing inside makes up more than half of it: then
    its contents are named instead.
    """
    sizes: dict[_Path, int] = {}
    inside: dict[_Path, set[_Path]] = {}
    for file in files:
        path = file.path
        sizes[path] = file.bytes
        for parent in path.parents:
            sizes[parent] = sizes.get(parent, 0) + file.bytes
            inside.setdefault(parent, set()).add(path)
            path = parent
    shown = [*inside.get(_Path("."), ())]
    named: list[tuple[str, int]] = []
    while shown and len(named) < LISTED:
        shown.sort(key=lambda path: (sizes[path], str(path)))
        path = shown.pop()
        parts = inside.get(path, set())
        if any(2 * sizes[part] > sizes[path] for part in parts):
            shown.extend(parts)
        else:
            named.append((f"{path}/" if parts else str(path), sizes[path]))
    return named


def _travel(
    root: Path, path: Path, rules: list[Ignores], above: tuple[Path, ...]
) -> Iterator[PackedFile]:
    """As Ray goes through a folder; a link to a folder above is not followed.

    Args:
        root: The folder at which it began.
        path: What is visited now, file or folder.
        rules: What is left out, by the folders above.
        above: Where those and this one really lie, links resolved.
    """
    if path.is_dir():
        rules = [*rules, *rules_in(path)]
    if any(rule(path) for rule in rules if path != root):
        return
    if path.is_file():
        yield PackedFile(
            path=_Path(path.relative_to(root).as_posix()), source=path, bytes=path.stat().st_size
        )
    elif path.is_dir():
        children = list(path.iterdir())
        if not children and path != root:
            yield PackedFile(path=_Path(path.relative_to(root).as_posix()), source=path, bytes=0)
        for child in children:
            real = child.resolve() if child.is_symlink() else above[-1] / child.name
            if real not in above:
                yield from _travel(root, child, rules, (*above, real))


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"

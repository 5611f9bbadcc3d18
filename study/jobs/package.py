"""The zip file that becomes a job's working folder."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from search_spaces.errors import InputError
from study.jobs.working_folder import (
    LARGEST_UPLOAD_BYTES,
    OPTION,
    PackedFile,
    check_names,
    check_size,
    files_of,
)

_DATE = (1980, 1, 1, 0, 0, 0)
"""The date of every file: the same contents give the same package, which is then uploaded once."""


def path_in_job(study_file: Path, folder: Path | None) -> PurePosixPath:
    """Where the study file will lie: as in the working folder, or at its top."""
    if folder is not None and study_file.resolve().is_relative_to(folder.resolve()):
        return PurePosixPath(study_file.resolve().relative_to(folder.resolve()).as_posix())
    return PurePosixPath(study_file.name)


def files_to_submit(study_file: Path, folder: Path | None) -> list[PackedFile]:
    """The study file and, with a working folder, the person's own code.

    Raises:
        InputError: If the folder cannot be read or uploaded, or holds another file where the
            study file goes.
    """
    path = path_in_job(study_file, folder)
    files = [] if folder is None else files_of(folder)
    for file in files:
        if file.path == path and file.source.resolve() != study_file.resolve():
            raise InputError(
                f"{study_file} goes to the top of the job's folder, but {file.source} is there; "
                "give one of them another name",
                key=OPTION,
            )
    if folder is not None:
        check_names(files, folder)
        check_size(files, folder)
    if all(file.path != path for file in files):
        size = study_file.stat().st_size
        files.append(PackedFile(path=path, source=study_file, bytes=size))
    return sorted(files, key=lambda file: file.path)


def write_package(files: Sequence[PackedFile], archive: Path) -> str:
    """Writes the files into a zip file.

    Returns:
        Its name for the cluster, which is a digest of its contents.

    Raises:
        InputError: If a file cannot be read, or all are too large with the zip file's own parts.
    """
    # Not compressed, as Ray's own packages: then its size is known before it is written.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for file in files:
            try:
                _add(target, file)
            except (OSError, UnicodeError) as error:
                reason = getattr(error, "strerror", None) or "its name is no UTF-8"
                raise InputError(f"{file.path!s} cannot be read: {reason}", key=OPTION) from None
    if archive.stat().st_size > LARGEST_UPLOAD_BYTES:
        raise InputError(
            f"a cluster takes at most {LARGEST_UPLOAD_BYTES / 2**20:.1f} MiB, but {len(files)} "
            f"files with their names are {archive.stat().st_size / 2**20:.1f} MiB",
            key=OPTION,
        )
    with archive.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return f"_ray_pkg_{digest[:32]}.zip"


def _add(target: zipfile.ZipFile, file: PackedFile) -> None:
    mode = file.source.stat().st_mode
    folder = stat.S_ISDIR(mode)
    entry = zipfile.ZipInfo(f"{file.path}/" if folder else str(file.path), date_time=_DATE)
    entry.external_attr = (mode & 0xFFFF) << 16
    if folder:
        target.writestr(entry, b"")
        return
    with file.source.open("rb") as source, target.open(entry, "w") as sink:
        while chunk := source.read(1 << 20):
            sink.write(chunk)

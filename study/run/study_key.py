"""The key of a study, which outlives its host's name and follows its folder.

A study in a data base, or in a journal that the study file names, has its key there: each home
that works on it continues the same study. Otherwise the study is a folder of the home. Moved, it
keeps its key; a copy is another study, which goes its own way from then on.
"""

from __future__ import annotations

import hashlib
import json
import socket
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from study.ledger import TrialLedger
from study.paths import StudyPaths
from study.run.kept_files import keep
from study.secrets import masked
from study.study_file import StudyConfig
from study.tracking import StudyKey


def study_key(config: StudyConfig, paths: StudyPaths, ledger: TrialLedger) -> StudyKey:
    """Reads the key of a study, or makes one; the study is held.

    Args:
        config: Says where the study's Optuna study is.
        paths: Files of the study; its folder exists.
        ledger: Its Optuna study.

    Raises:
        TableWriteError: If the study's folder does not take it.
    """
    if config.storage is None:
        return _folder_key(paths, known=ledger.next_number > 0)
    return StudyKey(own=ledger.key(lambda: _new_key(config, paths, ledger)))


@dataclass(frozen=True, kw_only=True)
class _Identity:
    """What the study's folder says of itself.

    Attributes:
        key: Its own.
        former: Keys that it had as a part of another folder.
        folder: Where it was when this was written.
        inode: Of the folder then: a folder that is moved keeps it, a copy has another.
    """

    key: str
    former: tuple[str, ...]
    folder: str
    inode: int


def _folder_key(paths: StudyPaths, *, known: bool) -> StudyKey:
    where = paths.folder.resolve()
    inode = where.stat().st_ino
    kept = _read(paths.identity)
    former: tuple[str, ...] = ()
    if kept is None:
        # Studies from before there was such a file were known by host and folder.
        key = _hashed(f"{socket.gethostname()}:{where}") if known else _drawn()
    elif kept.inode != inode and _is_copy(kept, paths):
        key, former = _drawn(), (*kept.former, kept.key)
    else:
        key, former = kept.key, kept.former
    now = _Identity(key=key, former=former, folder=str(where), inode=inode)
    if now != kept:
        keep(paths.identity, json.dumps(asdict(now)))
    return StudyKey(own=key, former=former)


def _is_copy(kept: _Identity, paths: StudyPaths) -> bool:
    """Whether the folder that this one was is still there."""
    before = Path(kept.folder) / paths.identity.name
    other = _read(before)
    return other is not None and other.key == kept.key and not before.samefile(paths.identity)


def _read(path: Path) -> _Identity | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return _Identity(
            key=str(kept["key"]),
            former=tuple(str(each) for each in kept["former"]),
            folder=str(kept["folder"]),
            inode=int(kept["inode"]),
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _new_key(config: StudyConfig, paths: StudyPaths, ledger: TrialLedger) -> str:
    if not ledger.next_number:
        return _drawn()
    # Studies from before the key was kept with them were known by their address.
    if "://" in str(config.storage):
        return _hashed(f"{masked(str(config.storage))} {config.study}")
    return _hashed(f"{socket.gethostname()}:{paths.folder.resolve()}")


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _drawn() -> str:
    return uuid.uuid4().hex[:16]

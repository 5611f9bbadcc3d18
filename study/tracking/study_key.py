"""Which study a trial's run belongs to: several studies of one name may share a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StudyKey:
    """Names where a study is kept; each invocation's parent run carries it.

    Attributes:
        own: Letters and digits, which an MLflow filter takes. Runs of another key are another
            study's: they are neither looked up nor ended nor deleted.
        former: Keys under which trials of these tables were logged before the home was copied.
            Their finished runs still show these trials; new ones are logged under `own`.
    """

    own: str
    former: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """Keys whose finished runs count for this study."""
        return frozenset({self.own, *self.former})

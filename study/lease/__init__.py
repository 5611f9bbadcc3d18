"""Who works on a study: one driver at a time, wherever its storage is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from study.errors import LeaseLost, LeaseUncertain
    from study.lease.claim import Claim
    from study.lease.database_lease import LeaseTable
    from study.lease.holder import Holder, this_process
    from study.lease.inspect import Held, look
    from study.lease.lock_file import LockFile
    from study.lease.renewal import Lease, hold

_HOMES = {
    "Claim": "study.lease.claim",
    "Held": "study.lease.inspect",
    "Holder": "study.lease.holder",
    "Lease": "study.lease.renewal",
    "LeaseLost": "study.errors",
    "LeaseTable": "study.lease.database_lease",
    "LeaseUncertain": "study.errors",
    "LockFile": "study.lease.lock_file",
    "hold": "study.lease.renewal",
    "look": "study.lease.inspect",
    "this_process": "study.lease.holder",
}

__all__ = [
    "Claim",
    "Held",
    "Holder",
    "Lease",
    "LeaseLost",
    "LeaseTable",
    "LeaseUncertain",
    "LockFile",
    "hold",
    "look",
    "this_process",
]

__getattr__ = lazy_names(__name__, _HOMES)

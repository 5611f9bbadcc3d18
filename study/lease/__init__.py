"""Who works on a study: one driver at a time, wherever its storage is."""

from study.errors import LeaseLost, LeaseUncertain
from study.lease.claim import Claim
from study.lease.database_lease import LeaseTable
from study.lease.holder import Holder, this_process
from study.lease.inspect import Held, look
from study.lease.lock_file import LockFile
from study.lease.renewal import Lease, hold

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

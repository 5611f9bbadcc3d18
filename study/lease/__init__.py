"""Who works on a study: one driver at a time, wherever its storage is."""

from study.lease.claim import Claim, LeaseLost, LeaseUncertain
from study.lease.fencing import FencedLedger, FencedStore, FencedTracker
from study.lease.holder import Holder, this_process
from study.lease.keeping import Lease, hold
from study.lease.lock_file import LockFile
from study.lease.looking import Held, look
from study.lease.table import LeaseTable

__all__ = [
    "Claim",
    "FencedLedger",
    "FencedStore",
    "FencedTracker",
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

"""Training loops of one's own, watched as they run: what becomes of them, and why."""

from study.watching.moment import Moment
from study.watching.watcher import Watch, watch

__all__ = ["Moment", "Watch", "watch"]

"""What is found out before a run starts or writes anything.

`configuration` refuses study files that could not be run; `find` tries, in seconds, whether the
services and folders that a study keeps its results in can be reached and written.
"""

from study.preflight.finding import Finding
from study.preflight.services import find

__all__ = ["Finding", "find"]

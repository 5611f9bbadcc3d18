from __future__ import annotations

from tests.study.engine.conftest import digits

__all__ = ["digits"]

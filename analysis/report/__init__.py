"""The stability report of a study: one page, its tables, its summary; and of two, what changed."""

from analysis.report.comparison import write_comparison
from analysis.report.write import write_report

__all__ = ["write_comparison", "write_report"]

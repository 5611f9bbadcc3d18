"""The stability report of a study: one page, its tables, its summary."""

from analysis.report.write import write_report

__all__ = ["write_report"]

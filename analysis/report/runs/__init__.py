"""The page of watched runs."""

from analysis.report.runs.page import Run, runs_page, write_runs

__all__ = ["Run", "runs_page", "write_runs"]

"""The page of one diagnosed configuration."""

from analysis.report.diagnosis.page import write_diagnosis
from analysis.report.diagnosis.subject import (
    DiagnosisSubject,
    Ending,
    Remedied,
    Seeds,
    Tried,
)

__all__ = ["DiagnosisSubject", "Ending", "Remedied", "Seeds", "Tried", "write_diagnosis"]

"""What is wrong with, or was noticed in, a workbook: plain values, collected and never raised.

An issue knows its place (sheet, cell, row, column as written), what was typed there and two
sentences: `title` says what kind of fault it is without quoting anything, so that it may travel
upward; `message` is for the group itself and quotes the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline.texts import Lang, Text

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
SEVERITY_LABELS = {
    "error": Text("错误", "Error"),
    "warning": Text("提醒", "Warning"),
    "info": Text("说明", "Note"),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding at one place of a workbook.

    `sheet` is the form's Chinese name (the sheet's own name where no form claims it), `cell` an
    A1 address or "", `row` the sheet's own 1-based row number or None, `column` the heading as it
    is written in the workbook, `value` what was typed, as text.
    """

    code: str
    severity: Severity
    sheet: str
    title: Text
    message: Text
    cell: str = ""
    row: int | None = None
    field: str = ""
    column: str = ""
    value: str = ""

    def as_json(self, lang: Lang) -> dict[str, object]:
        """Return the object that `check --json` prints for this issue."""
        return {
            "code": self.code,
            "severity": self.severity,
            "sheet": self.sheet,
            "cell": self.cell,
            "row": self.row,
            "field": self.field,
            "column": self.column,
            "value": self.value,
            "message": self.message[lang],
        }


def count_severity(issues: Iterable[Issue], severity: Severity) -> int:
    """Return how many of `issues` have the given severity."""
    return sum(issue.severity == severity for issue in issues)

"""Workbooks checked without taking them in: what `check` tells a group before it hands in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.books.refusals import NOT_OPENED, refuse
from pipeline.brief import brief_of
from pipeline.config import WorkerSettings
from pipeline.errors import UsageError
from pipeline.intake.submission import Submission
from pipeline.issues import count_severity
from pipeline.texts import Lang
from pipeline.workers import Job, judge_files, refused_outcome
from pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Checked:
    """One file and what was found in it."""

    file: str
    submission: Submission

    @property
    def failed(self) -> bool:
        """Whether the file would not be accepted."""
        return count_severity(self.submission.issues, "error") > 0

    def as_json(self, lang: Lang) -> dict[str, object]:
        """Return the object that `check --json` prints for the file."""
        period = self.submission.period
        return {
            "file": self.file,
            "unit": self.submission.unit or None,
            "period": period.code if period else None,
            "status": self.submission.status,
            "issues": [issue.as_json(lang) for issue in self.submission.issues],
        }


def check_files(workspace: Workspace, now: datetime, files: list[Path]) -> list[Checked]:
    """Judge the files as a run would, but for what only the records know.

    Raises UsageError for a file that is not there.
    """
    for path in files:
        if not path.is_file():
            raise UsageError(f"{path}: 找不到这个文件 (no such file)。")
    closed = {path for path in files if not _can_open(path)}
    jobs = [Job(path.absolute(), path.name) for path in files if path not in closed]
    brief = brief_of(workspace, now.date())
    outcomes = judge_files(jobs, brief, WorkerSettings(count=1), fork=True)
    refused = refused_outcome(refuse(NOT_OPENED))
    return [
        Checked(str(path), (refused if path in closed else next(outcomes)).submission)
        for path in files
    ]


def _can_open(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False

"""The sheet says what the pipeline says. `python tests/live.py --full` says it of
many more rows."""

from __future__ import annotations

from pathlib import Path

import live
from conftest import ROOT

from pipeline.forms.model import Forms
from pipeline.forms.workbook_verdict import slots_of

BOOKS, ROWS = 3, 35


def test_every_rule_and_every_row_get_the_same_verdict(
    forms: Forms, soffice: str, tmp_path: Path
) -> None:
    found = live.sweep(tmp_path, forms, seed=1, books=BOOKS, rows=ROWS)
    assert found.differences == []
    codes = {
        slot.code
        for workbook in forms.workbooks.values()
        for form in workbook.forms
        for slot in slots_of(form, workbook)
        if slot.code
    }
    seen = found.seen
    assert {code for code in codes if not seen[f"{code} ok"]} == set()
    assert len([code for code in codes if not seen[f"{code} hit"]]) <= 3  # rare ones of the cover
    assert {state for state in "012345s" if not seen[f"state {state}"]} == set()
    # It must not be quiet where it could speak.
    silent = sum(count for what, count in seen.items() if what.endswith("silent"))
    assert silent < sum(count for what, count in seen.items() if what.endswith("hit")) / 10


def test_what_only_the_pipeline_checks_is_listed_with_its_reason(forms: Forms) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for form in forms.forms.values():
        for rule in (*form.rules, *form.checks):
            if rule.pipeline_only.zh:
                row = f"| {rule.id} | {rule.pipeline_only.zh} | {rule.pipeline_only.en} |"
                assert row in readme, row

"""Hidden marks: the names by which sheets and cells of a template are known again."""

from __future__ import annotations

import io

import openpyxl
import pytest

from pipeline.forms.anchors import PREFIX, anchor_name
from pipeline.forms.model import Forms
from pipeline.forms.workbook import write_template
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period

UNIT = OrgUnit("U1", "甲小学工会", "S", True)


@pytest.mark.parametrize(("kind", "code"), [("quarterly", "2026Q3"), ("plan", "2026")])
def test_every_sheet_heading_and_cover_value_is_named(forms: Forms, kind: str, code: str) -> None:
    workbook = forms.workbooks[kind]
    period = Period.quarter(2026, 3) if kind == "quarterly" else Period.year(2026)
    book = openpyxl.load_workbook(io.BytesIO(write_template(workbook, UNIT, period, rows=2)))
    named = {name: cell for name, cell in book.defined_names.items() if name.startswith(PREFIX)}
    assert len(named) == sum(len(form.fields) + 1 for form in workbook.forms)
    assert all(name.hidden for name in named.values())
    for form in workbook.forms:
        ((sheet, _),) = named[anchor_name(form)].destinations
        assert sheet == form.label.zh
        for field in form.fields:
            ((sheet, cell),) = named[anchor_name(form, field.key)].destinations
            cell = book[sheet][cell.replace("$", "")]
            label = cell.offset(column=-1) if form.kind == "cover" else cell
            assert str(label.value).rstrip("*") == field.label.zh

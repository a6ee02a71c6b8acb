"""The verdict of the sheet against that of the pipeline: `python tests/live.py --full`.

Generated rows, edges and blanks and texts in number cells among them, are written into blank
workbooks, LibreOffice calculates them, and for every cell, rule and check the two verdicts must be
the same. One difference is meant: where a text can be judged by the pipeline alone, such as
`１２人`, the sheet asks to write it plainly and says nothing about the rules that read it.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import openpyxl
from books import COVER, PLAN_COVER, ROWS, small_tree
from conftest import CONFIG
from generated_books import packed, parts_of
from office import Job, work

from pipeline.books.read import read_book
from pipeline.books.screen import Limits
from pipeline.forms.anchors import CHECK, CHECK_SHEET, FAIL, ODD, PASS
from pipeline.forms.load import read_forms
from pipeline.forms.model import Field, FieldType, Form, Forms, Workbook
from pipeline.forms.workbook import write_template
from pipeline.forms.workbook_verdict import Slot, slots_of
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission
from pipeline.issues import Issue
from pipeline.periods import Period

QUARTER, YEAR = Period.quarter(2026, 3), Period.year(2026)
FIRST_ROW = 4
STATES = {"R-01": "1", "R-02": "2", "R-03": "4", "R-04": "3", "R-05": "5"}

ERROR = 98_765.25  # written as the error value #N/A
NUMBERS: list[Any] = [
    0,
    1,
    2,
    3,
    9.9,
    22.8,
    22.85,
    38,
    40,
    41,
    80,
    0.1 + 0.2,
    0.5,
    1.1,
    44,
    44.01,
    100_000,
    100_000.01,
]
ODD_NUMBERS: list[Any] = [
    ERROR, -1, -0.5, 12.5, 12.345, 0.999, 99_999.99, 100_000, 100_000.01, 1e15, 1e13, 1e-7, "12", "１２人",
    "约40", "1O", "若干", "1,200", "￥60", "5%", "", " ", "—", "无", "N/A", "=", "3 .5", "1e3", "TRUE",
]  # fmt: skip
DAYS: list[Any] = [
    date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 8), date(2026, 7, 9), date(2026, 8, 6),
    date(2026, 9, 18), date(2026, 9, 30), date(2026, 10, 1),
]  # fmt: skip
ODD_DAYS: list[Any] = [
    date(1949, 12, 31), date(1950, 1, 1), date(2100, 12, 31), date(2101, 1, 1), 0, 7.15, 46_230,
    46_230.75, 20260715, -3, "2026-07-15", "7月15日", "2026-02-30", "七月中旬", "", "—", "无",
]  # fmt: skip
MONTHS: list[Any] = ["2026-07", "2026-08", "2026-09"]
ODD_MONTHS: list[Any] = [
    "2026-06", "2026-10", "2027-01", "2026-13", "2026-00", "2026-7", "7月", "7", 7, 202607,
    date(2026, 8, 1), date(2026, 10, 31), " 2026-07 ", "２０２６-07", "13月", "", "/", "1949-12", "2101-01",
]  # fmt: skip
TEXTS: list[Any] = [
    "甲一",
    "操场",
    "三组获团体第一",
    "圆满成功",
    "本次活动圆满成功，反响热烈！",
    "很好",
    "M1",
    "m1",
]
ODD_TEXTS: list[Any] = [
    "", " ", "　", "无", "—", "a*", "a?", "~b", 'a"b', "M1 ", " M1", "M 1", "M\n1", 7, 1.5, 110101199003077777,
    "圆满成功" * 30, "活动", "、、、", "合计", "第一组\n第二组", "ＡＢＣＤＥＦ", "Straße", "\u200b",
]  # fmt: skip
FLAGS: list[Any] = ["是", "否", "", "√", "×", "Y", "n", " 是", "有", "TRUE", "１", 1]
POOLS: Mapping[FieldType, tuple[list[Any], list[Any]]] = {
    "int": ([*NUMBERS[:4], 38, 40, 41, 80], NUMBERS + ODD_NUMBERS),
    "money": (NUMBERS, ODD_NUMBERS),
    "date": (DAYS, ODD_DAYS),
    "month": (MONTHS, ODD_MONTHS),
    "text": (TEXTS, ODD_TEXTS),
    "flag": (["是", "否", ""], FLAGS),
    "period": (["2026Q3"], ["2026Q3", "2026q3", "2026年第三季度", "2026Q2"]),
    "year": (["2026"], ["2026", 2026, "2026年", "2025"]),
}


@dataclass
class Difference:
    """One place of a workbook where the two verdicts differ."""

    where: str
    sheet: str
    pipeline: str
    typed: Any


@dataclass
class Sweep:
    """What a sweep found: the differences, and how often each kind of verdict was seen."""

    differences: list[Difference] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)


def sweep(folder: Path, forms: Forms, seed: int, books: int, rows: int) -> Sweep:
    """Compare the verdicts on `books` workbooks of each kind, with `rows` rows in each ledger."""
    today = date.today()  # as TODAY() in the sheet does
    found = Sweep()
    made = [
        _Case(workbook, number, *_contents(workbook, random.Random(f"{seed}/{key}/{number}"), rows))
        for key, workbook in forms.workbooks.items()
        for number in range(books)
    ]
    jobs = []
    for case in made:
        path = folder / f"{case.workbook.key}{case.number}.xlsx"
        path.write_bytes(case.data)
        sheets = [form.label.zh for form in case.workbook.ledgers]
        jobs.append(Job(path, [["values", name] for name in (CHECK_SHEET, *sheets)]))
    for case, read in zip(made, work(folder, jobs), strict=True):
        judged = judge_book(read_book(case.data, Limits()), Setup(forms, small_tree(), today))
        _Comparison(case, read, judged, found).compare()
    return found


@dataclass
class _Case:
    workbook: Workbook
    number: int
    data: bytes
    cover: Mapping[str, Any]
    records: Mapping[str, Sequence[Mapping[str, Any]]]


def _contents(
    workbook: Workbook, rng: random.Random, rows: int
) -> tuple[bytes, Mapping[str, Any], Mapping[str, Sequence[Mapping[str, Any]]]]:
    yearly = workbook.every == "year"
    cover = dict(PLAN_COVER if yearly else COVER)
    for field_ in workbook.cover.fields:
        if rng.random() < 0.5 and field_.key not in ("unit", "unit_name"):
            cover[field_.key] = _typed(field_, rng, ordinary=rng.random() < 0.7)
    records = {}
    for form in workbook.ledgers:
        if form.nil:
            cover.setdefault(form.nil, rng.choice(FLAGS))
        count = rng.choice((0, 2, rows, rows, rows))
        records[form.key] = [_row(form, rng) for _ in range(count)]
    period = YEAR if yearly else QUARTER
    unit = small_tree().units["U1"]
    data = write_template(workbook, unit, period, rows=rows + 2, cover=cover, records=records)
    return _with_errors(data), cover, records


def _with_errors(data: bytes) -> bytes:
    """Return the workbook with its error values, which nobody can type."""
    cell = re.compile(rb'(<c r="[A-Z]+[0-9]+" s="[0-9]+")><v>98765.25</v>')
    parts = {
        name: cell.sub(rb'\1 t="e"><v>#N/A</v>', part) for name, part in parts_of(data).items()
    }
    return packed(parts, 1)


def _row(form: Form, rng: random.Random) -> Mapping[str, Any]:
    """Return a row that is mostly well, with a few fields out of the ordinary."""
    if rng.random() < 0.05:
        return rng.choice([{}, {form.fields[0].key: " 合 计："}, {form.fields[-1].key: "　"}])
    row = dict(ROWS[form.key])
    for field_ in form.fields:
        chance = rng.random()
        if chance < 0.35:
            row[field_.key] = _typed(field_, rng, ordinary=True)
        elif chance < 0.42:
            row[field_.key] = _typed(field_, rng)
        elif chance < 0.45:
            row[field_.key] = None
    return row


def _typed(field_: Field, rng: random.Random, *, ordinary: bool = False) -> Any:
    if field_.type == "choice":
        choice = rng.choice(field_.choices)
        written = [
            choice.value,
            choice.label.en,
            *choice.aliases,
            f" {choice.value} ",
            "乱写",
            "*",
            "",
        ]
        return choice.value if ordinary else rng.choice(written)
    plain, odd = POOLS[field_.type]
    return rng.choice(plain if ordinary else odd)


class _Comparison:
    """One workbook, judged twice."""

    def __init__(self, case: _Case, read: Sequence[Any], judged: Submission, found: Sweep) -> None:
        self._case = case
        self._found = found
        self._cells = read[0]
        self._ledgers = dict(zip((f.key for f in case.workbook.ledgers), read[1:], strict=True))
        blank, _, _ = _contents(case.workbook, random.Random(0), 0)  # its helper cells are the same
        book = openpyxl.load_workbook(io.BytesIO(blank))
        self._names = {name: book.defined_names[name].attr_text for name in book.defined_names}
        heads = [cell.value for cell in book[CHECK_SHEET][FIRST_ROW]]
        self._columns = {str(name).lstrip("="): place for place, name in enumerate(heads)}
        self._issues: dict[tuple[str, int | None], list[Issue]] = {}
        for issue in judged.issues:
            row = issue.row if issue.sheet != case.workbook.cover.label.zh else None
            self._issues.setdefault((issue.sheet, row), []).append(issue)

    def compare(self) -> None:
        """Add every difference to what was found."""
        for form in self._case.workbook.forms:
            slots = slots_of(form, self._case.workbook)
            for row, typed in self._rows(form):
                number = None if form.kind == "cover" else row
                self._compare_row(form, slots, row, number, typed)
            for name in self._names:
                if name.startswith(f"gap_{form.key}__"):
                    self._compare_gap(form, int(name.rpartition("_")[2]), name)

    def _rows(self, form: Form) -> Iterator[tuple[int, Mapping[str, Any]]]:
        if form.kind == "cover":
            yield FIRST_ROW, self._case.cover
        else:
            yield from enumerate(self._case.records[form.key], FIRST_ROW)

    def _compare_row(
        self, form: Form, slots: tuple[Slot, ...], row: int, number: int | None, typed: Any
    ) -> None:
        verdict = "".join(
            str(self._cells[row - 1][place])
            for name, place in self._columns.items()
            if name.startswith(f"verdict_{form.key}__")
        )
        issues = self._issues.get((form.label.zh, number), [])
        where = f"{self._case.workbook.key}{self._case.number} {form.key} {row}"
        if form.kind == "ledger":
            self._compare_status(form, where, row, verdict, typed)
        if len(verdict) <= 1:
            kind = {"": "blank", "-": "total"}.get(verdict, "?")
            told = {"-": ["R-13"], "": []}.get(verdict)
            if (codes := [i.code for i in issues]) != told:
                self._differ(where, f"row is {kind}", str(codes), typed)
            self._found.seen[kind] += 1
            return
        if len(verdict) != len(slots):
            self._differ(where, verdict, f"{len(slots)} slots", typed)
            return
        states = dict(zip((f.key for f in form.fields), verdict, strict=False))
        for slot, kind in zip(slots, verdict, strict=True):
            if slot.group == "state":
                self._compare_state(where, slot, kind, issues, typed)
            else:
                self._compare_slot(form, where, slot, kind, issues, states, typed)

    def _compare_status(
        self, form: Form, where: str, row: int, verdict: str, typed: Mapping[str, Any]
    ) -> None:
        """The status cell begins with the mark of the worst that is in the verdict."""
        wanted = PASS if len(verdict) > 1 else ""
        for kinds, mark in (("w", CHECK), ("s", ODD), ("12345", FAIL)):
            if any(kind in verdict for kind in kinds):
                wanted = mark
        shown = str(self._ledgers[form.key][row - 1][0])
        if shown[:1] != wanted:
            self._differ(f"{where} status", shown, wanted, typed)

    def _compare_state(
        self, where: str, slot: Slot, kind: str, issues: Sequence[Issue], typed: Any
    ) -> None:
        codes = [i.code for i in issues if i.field == slot.field and i.code in STATES]
        expected = STATES[codes[0]] if codes else "0"
        self._found.seen[f"state {kind}"] += 1
        if kind not in (expected, "s"):
            self._differ(f"{where} {slot.field}", kind, expected, typed.get(slot.field))

    def _compare_slot(
        self,
        form: Form,
        where: str,
        slot: Slot,
        kind: str,
        issues: Sequence[Issue],
        states: Mapping[str, str],
        typed: Mapping[str, Any],
    ) -> None:
        told = [i for i in issues if i.code == slot.code and i.field == slot.field]
        self._found.seen[f"{slot.code} {'ok' if kind == '0' else 'hit'}"] += 1
        if (kind != "0") == bool(told):
            return
        if told and self._may_be_silent(form, slot, states, typed, told[0]):
            self._found.seen[f"{slot.code} silent"] += 1
            return
        values = {key: typed.get(key) for key in self._fields(form, slot)}
        self._differ(f"{where} {slot.code}", kind, str([i.code for i in told]), values)

    def _may_be_silent(
        self,
        form: Form,
        slot: Slot,
        states: Mapping[str, str],
        typed: Mapping[str, Any],
        issue: Issue,
    ) -> bool:
        """Whether the rule hangs on a text that only the pipeline can judge."""
        fields = self._fields(form, slot)
        if any(not _is_certain(form.field(key), states[key], typed.get(key)) for key in fields):
            return True
        earlier = re.search(r"第 (\d+) 行", issue.message.zh) if slot.group == "check" else None
        if earlier is None:
            return slot.code == "R-12" and states[slot.field] == "s"
        other = self._case.records[form.key][int(earlier[1]) - FIRST_ROW]
        plain = [_is_plain(form.field(key), other.get(key)) for key in fields]
        return not all(plain)

    def _fields(self, form: Form, slot: Slot) -> set[str]:
        rules = [*form.rules, *form.checks]
        read = {key for rule in rules if rule.id == slot.code for key in rule.fields}
        return read | {form.field(key).default_from for key in read} - {""}

    def _compare_gap(self, form: Form, number: int, name: str) -> None:
        match = re.fullmatch(r"'?_check'?!\$([A-Z]+)\$(\d+)", self._names[name])
        assert match
        column = openpyxl.utils.column_index_from_string(match[1]) - 1
        shown = self._cells[int(match[2]) - 1][column]
        check = form.checks[number]
        told = [i for rows in self._issues.values() for i in rows if i.code == check.id]
        self._found.seen[f"{check.id} {'hit' if shown else 'ok'}"] += 1
        months = [row.get(check.fields[0]) for row in self._case.records[form.key]]
        plain = all(_is_plain(form.field(check.fields[0]), month) for month in months)
        tick = self._case.cover.get(check.unless)
        if bool(shown) != bool(told) and not (told and (not plain or tick not in ("是", "否", ""))):
            self._differ(f"{self._case.number} {check.id}", str(shown), str(bool(told)), months)

    def _differ(self, where: str, sheet: str, pipeline: str, typed: Any) -> None:
        self._found.differences.append(Difference(where, sheet, pipeline, typed))


def _is_certain(field_: Field, state: str, typed: Any) -> bool:
    return state != "s" and (field_.type != "text" or _is_plain(field_, typed))


def _is_plain(field_: Field, typed: Any) -> bool:
    """Whether a value is written the plain way, so that the sheet knows what it stands for."""
    if field_.type == "text":
        return not isinstance(typed, str) or typed == " ".join(typed.split())
    if field_.type == "month":
        return typed is None or typed in MONTHS
    return not isinstance(typed, str) or field_.type == "choice"


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep as told on the command line; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="many rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--books", type=int, default=6)
    parser.add_argument("--rows", type=int, default=40)
    asked = parser.parse_args(arguments)
    books, rows = (40, 400) if asked.full else (asked.books, asked.rows)
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(Path(folder), read_forms(CONFIG), asked.seed, books, rows)
    for difference in found.differences[:50]:
        print(difference)
    for what, count in sorted(found.seen.items()):
        print(f"{what:12} {count}")
    print(f"{len(found.differences)} differences")
    return 1 if found.differences else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What the verdicts of a workbook add up to: how much is to do where, and whether it may be sent.

In: a form with its helper cells. Out: formulas for the helper sheet, and the sentences on the
cover and above the ledgers. A sentence is a `Text` with formulas in its gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pipeline.forms.anchors import CHECK, FAIL, PASS
from pipeline.forms.formulas import quoted, readable_name, value_name
from pipeline.forms.model import Form, SheetCheck, Workbook
from pipeline.forms.workbook_verdict import (
    Helper,
    count_errors,
    count_kind,
    sheet_checks,
    where_touched,
)
from pipeline.texts import Lang, Text

Count = Literal["errors", "odds", "warnings"]
COUNTS: tuple[Count, ...] = ("errors", "odds", "warnings")

_MONTHS = {"quarter": 3, "year": 12}
_FURTHEST_ROW = 20_000
_TO_DO: Mapping[Count, Text] = {
    "errors": Text("{n} 处需要修改", "{n} to correct"),
    "odds": Text("{n} 处写法请核对", "{n} to write plainly"),
    "warnings": Text("{n} 处请核对", "{n} to look at"),
}
_COMMA = Text("，", ", ")
_LINE = Text("{mark} {sheet}：{line}", "{mark} {sheet}: {line}")
_ROWS_FINE = Text("{n} 行，没有问题", "{n} row(s), all well")
_FINE = Text("没有问题", "all well")
_NOT_BEGUN = Text("还没有填", "not begun")
_NIL = Text("零报告", "nothing to report")
_GAP = Text("；{title}：{months}", "; {title}: {months}")
_BELOW = Text(
    "；第 {last} 行之后还有 {n} 行，没有核对", "; {n} row(s) below row {last} are not checked"
)
_STOP = Text("还有 {n} 处需要修改", "{n} place(s) still to correct")
_REWRITE = Text("有 {n} 处写法请核对", "{n} place(s) to write plainly")
_GO = Text("可以报送", "Ready to send")
_GO_AND_LOOK = Text(
    "可以报送（{n} 处请核对，属实的不用改）", "Ready to send ({n} to look at; leave what is right)"
)


def total_name(count: Count, form: Form | None = None) -> str:
    """Return the name of a count over a form, or over the whole workbook."""
    return f"{count}_{form.key}" if form else f"all_{count}"


def totals_of(
    form: Form, helper: Helper, workbook: Workbook, lang: Lang
) -> Iterator[tuple[str, str]]:
    """Yield the names of what is counted over a form, each with its formula."""
    gaps = {
        f"gap_{form.key}__{number}": check
        for number, check in enumerate(sheet_checks(form))
        if check.check == "each_month"
    }
    counted = {"errors": count_errors(helper.verdicts)}
    counted |= {"odds": count_kind("s", helper.verdicts)}
    counted |= {"warnings": count_kind("w", helper.verdicts)}
    for count in COUNTS:
        name, rows = total_name(count, form), where_touched(form, counted[count], "0")
        yield name, "+".join([rows, *_gaps_counted(gaps, count)])
    for name in gaps:
        number = int(name.rpartition("_")[2])
        yield name, _missing_months(form, number, helper, workbook)
    if form.kind == "ledger":
        yield from _rows(form, helper, workbook.cover)
    yield f"line_{form.key}", _line(form, helper, gaps, lang)


def workbook_totals(workbook: Workbook) -> Iterator[tuple[str, str]]:
    """Yield the names of what is counted over the whole workbook, each with its formula."""
    for count in COUNTS:
        yield total_name(count), "+".join(total_name(count, form) for form in workbook.forms)


def light_formula(lang: Lang) -> str:
    """Return the sentence that says whether the workbook may be sent."""
    errors, odds, warnings = map(total_name, COUNTS)
    more = f'IF({odds}>0,{quoted(_COMMA[lang])}&{_say(_TO_DO["odds"], lang, n=odds)},"")'
    ready = f"IF({warnings}>0,{_say(_GO_AND_LOOK, lang, n=warnings)},{_say(_GO, lang)})"
    ready = f"IF({odds}>0,{_say(_REWRITE, lang, n=odds)},{ready})"
    return f"=IF({errors}>0,{_say(_STOP, lang, n=errors)}&{more},{ready})"


def line_formula(form: Form, lang: Lang) -> str:
    """Return the sentence about one sheet: how many things are to do there."""
    errors, odds, warnings = (total_name(count, form) for count in COUNTS)
    mark = f'IF({errors}>0,"{FAIL}",IF({odds}+{warnings}>0,"{CHECK}","{PASS}"))'
    if form.kind == "ledger":
        mark = f'IF(rows_{form.key}=0,IF(nil_{form.key},"{PASS}","{CHECK}"),{mark})'
    sheet = quoted(form.label[lang])
    return "=" + _say(_LINE, lang, mark=mark, sheet=sheet, line=f"line_{form.key}")


def gap_names(form: Form) -> dict[str, str]:
    """Return the names of the missing months of a ledger, by the field that holds months."""
    return {
        check.at: f"gap_{form.key}__{number}"
        for number, check in enumerate(sheet_checks(form))
        if check.check == "each_month"
    }


def _gaps_counted(gaps: Mapping[str, SheetCheck], count: Count) -> list[str]:
    """A gap in a ledger is one thing to do, however many months it has."""
    return [f'({name}<>"")' for name, check in gaps.items() if f"{check.severity}s" == count]


def _missing_months(form: Form, number: int, helper: Helper, workbook: Workbook) -> str:
    """The months of the period that no row has, "" where there are none.

    Where a month is written so that only the pipeline can read it, none is said to be missing.
    """
    check, cover = sheet_checks(form)[number], workbook.cover
    part, place = helper.find(form.positions[check.fields[0]] + 1)
    silent = f'context_first_month="",SUMPRODUCT(--(MID({part.cells},{place},1)="s"))>0'
    if check.unless:
        tick, readable = value_name(cover.key, check.unless), readable_name(cover.key, check.unless)
        silent = f"{silent},NOT({readable}),{tick}=TRUE"
    parts = []
    for later in range(_MONTHS[workbook.every]):
        month = f"(context_first_month+{later})"
        label = f'LEFT({month},4)&"-"&RIGHT({month},2)'
        rows = where_touched(form, f"COUNTIF({helper.checked[number].cells},{month})", "0")
        parts.append(f'IF({rows}=0,"、"&{label},"")')
    return f'IF(OR({silent}),"",MID({"&".join(parts)},2,99))'


def _rows(form: Form, helper: Helper, cover: Form) -> Iterator[tuple[str, str]]:
    """How many rows there are, how many below the prepared ones, the nil tick."""
    firsts = helper.parts[0].cells
    filled = f'{firsts}<>""'
    if form.roster:
        columns = [_down(*columns, helper.first_row) for columns in helper.reported]
        yield f"untouched_{form.key}", f"{'+'.join(f'COUNTA({cells})' for cells in columns)}=0"
    rows = f'SUMPRODUCT(--({filled}),--({firsts}<>"-"))'
    yield f"rows_{form.key}", where_touched(form, rows, "0")
    below = _down(helper.entered, helper.entered, helper.last_row + 1)
    yield f"below_{form.key}", f"COUNTA({below})"
    tick = f"{value_name(cover.key, form.nil)}=TRUE" if form.nil else "FALSE"
    yield f"nil_{form.key}", tick


def _down(first: str, last: str, row: int) -> str:
    """Return the cells of whole columns from a row on, wherever rows come or go."""
    return f"INDEX({first},{row}):INDEX({last},{_FURTHEST_ROW})"


def _line(form: Form, helper: Helper, gaps: Mapping[str, SheetCheck], lang: Lang) -> str:
    counts = {count: total_name(count, form) for count in COUNTS}
    comma = quoted(_COMMA[lang])
    parts = [f'IF({n}>0,{comma}&{_say(_TO_DO[c], lang, n=n)},"")' for c, n in counts.items()]
    found = f"MID({'&'.join(parts)},{len(_COMMA[lang]) + 1},99)"
    for name, check in gaps.items():
        words = _say(_GAP, lang, title=quoted(check.title[lang]), months=name)
        found += f'&IF({name}="","",{words})'
    nothing = f"{'+'.join(counts.values())}=0"
    if form.kind == "cover":
        return f"IF({nothing},{_say(_FINE, lang)},{found})"
    rows, below = f"rows_{form.key}", f"below_{form.key}"
    idle = f"IF(nil_{form.key},{_say(_NIL, lang)},{_say(_NOT_BEGUN, lang)})"
    unchecked = _say(_BELOW, lang, n=below, last=str(helper.last_row))
    return (
        f"IF({rows}=0,{idle},IF({nothing},{_say(_ROWS_FINE, lang, n=rows)},{found}))"
        f'&IF({below}=0,"",{unchecked})'
    )


def _say(words: Text, lang: Lang, **formulas: str) -> str:
    """Return the formula of a sentence with formulas in its gaps; a wrong gap is a KeyError."""
    parts = re.split(r"\{(\w+)\}", words[lang])
    said = [formulas[part] if n % 2 else quoted(part) for n, part in enumerate(parts)]
    return "&".join(part for part in said if part != '""')

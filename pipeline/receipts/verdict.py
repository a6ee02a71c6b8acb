"""What a receipt says, whatever it is written on.

In: the verdict on one file. Out: its head as sentences and its findings as rows in the order in
which a group should deal with them: errors, then warnings, then notes. Everything is one-line,
harmless text by the time it leaves here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from pipeline.intake.returned import LIST_SHEET
from pipeline.issues import SEVERITIES, SEVERITY_LABELS, Issue, Severity, count_severity
from pipeline.receipts.addresses import Address, parse_cell
from pipeline.safe_text import one_line
from pipeline.texts import Lang, Text

LIST_HEADER = (
    Text("序号", "No."),
    Text("级别", "Level"),
    Text("位置", "Place"),
    Text("列", "Column"),
    Text("原值", "Value"),
    Text("说明", "What to do"),
)
LIST_WIDTHS = (6, 9, 22, 17, 18, 66)  # in characters; together one A4 page across
IN_FULL = 20  # findings of one cause; more of them say nothing new

_VALUE_LIMIT = 120  # enough to recognise what was typed; a row stays readable
_MESSAGE_LIMIT = 800
_NAME_LIMIT = 260
_NOTE_LIMIT = 4000

_STATUS = {
    "accepted": Text("已收下，计入汇总。", "Accepted and counted."),
    "accepted_with_warnings": Text(
        "已收下，计入汇总；有几处请核对。", "Accepted and counted; please check a few places."
    ),
    "rejected": Text(
        "已退回，这一份没有计入汇总；以前收下的版本（如有）仍然有效。",
        "Returned, not counted; an earlier accepted version, if any, still counts.",
    ),
    "duplicate": Text(
        "与以前交来的文件完全相同，没有再次计入。",
        "Identical to a file handed in before; not counted again.",
    ),
    "quarantined": Text(
        "没有收下：这个文件读不出一份报表。", "Not taken in: no report can be read from this file."
    ),
    "closed": Text(
        "没有计入：这个报告期已经结账。如需更正，请联系上级工会重新开放。",
        "Not counted: this period is closed. To correct it, ask the union above to reopen it.",
    ),
}
_VERSION = Text("这是第 {n} 版。", "This is version {n}.")
_COUNTS: dict[Severity, Text] = {
    "error": Text("{n} 处错误", "{n} error(s)"),
    "warning": Text("{n} 处提醒", "{n} warning(s)"),
    "info": Text("{n} 条说明", "{n} note(s)"),
}
_TOTAL = Text("共 {parts}。", "{parts}.")
_MEND = Text(
    "改好标红的单元格，保存后放回收件文件夹即可。",
    "Correct the red cells, save, and put the file back into the shared folder.",
)
_MEND_LISTED = Text(
    "按下表改好，保存后放回收件文件夹即可。",
    "Correct what is listed below, save, and put the file back into the shared folder.",
)
_CHECK = Text(
    "请核对标黄的单元格；如有错，改好保存后放回收件文件夹，没有错就不用再交。",
    "Please check the amber cells; if one is wrong, correct it, save, and put the file back into "
    "the shared folder; if not, nothing more is needed.",
)
_FILE = Text("文件：{name}", "File: {name}")
_WHOLE = Text("整个文件", "whole file")
_NOTE = Text("{level}：{message}", "{level}: {message}")
_ROW = Text("{sheet} 第 {row} 行", "{sheet} row {row}")
_CAUSE = Text("{title}：{n} 处", "{title}: {n}")
_REST = Text(
    "另有 {n} 处同样的，表里已标出颜色。", "{n} more of the same, coloured in their cells."
)
_REST_NOTED = Text("另有 {n} 处同样的。", "{n} more of the same.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one file; `workbook` is the label of its kind (季度报表).

    `status` is one of the six of a file's life. `note` adds a sentence: which version a duplicate
    equals, why a file is quarantined.
    """

    file: str
    unit: str
    unit_name: str
    period: str
    workbook: Text
    status: str
    issues: tuple[Issue, ...]
    version: int | None = None
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of 「需修改」, and the same as a note on the cell.

    `sheet` and `cell` are where it is in this workbook, both "" for nowhere. `cause` says what kind
    of finding it is, the same words for all of the kind.
    """

    number: int
    severity: Severity
    level: str
    place: str
    column: str
    value: str
    message: str
    sheet: str
    cell: str
    note: str
    cause: str


def headline(verdict: Verdict, lang: Lang) -> str:
    """Return whose report it is: unit, period and kind of workbook, as far as they are known."""
    unit = f"{verdict.unit} {verdict.unit_name}".strip()
    parts = (unit, verdict.period, verdict.workbook[lang])
    return " · ".join(filter(None, (one_line(part, 200) for part in parts)))


def status_sentence(verdict: Verdict, lang: Lang) -> str:
    """Return what became of the file, with the version and the note where they are known."""
    parts = [_STATUS[verdict.status][lang]]
    if verdict.version is not None:
        parts.append(_VERSION.format(n=verdict.version)[lang])
    if verdict.note is not None:
        parts.append(one_line(verdict.note[lang], _MESSAGE_LIMIT))
    return (" " if lang == "en" else "").join(parts)


def what_to_do(verdict: Verdict, lang: Lang, *, marked: bool) -> str:
    """Return how much there is to mend and how; `marked` = the cells are coloured in this copy."""
    counts = {severity: count_severity(verdict.issues, severity) for severity in SEVERITIES}
    named = [_COUNTS[s].format(n=n)[lang] for s, n in counts.items() if n]
    if not named:
        return ""
    total = _TOTAL.format(parts=(", " if lang == "en" else "、").join(named))[lang]
    mend = ""
    if verdict.status == "closed":
        pass  # mending it would change nothing while the period is closed
    elif not any(issue.sheet for issue in verdict.issues):
        pass  # a file that nobody can read holds nothing to mend: its message says what to do
    elif counts["error"]:
        mend = (_MEND if marked else _MEND_LISTED)[lang]
    elif counts["warning"]:
        mend = _CHECK[lang]
    return (" " if lang == "en" else "").join(filter(None, (total, mend)))


def head_lines(verdict: Verdict, lang: Lang, *, marked: bool) -> tuple[str, str, str, str]:
    """Return the title of the list and the lines below it."""
    return (
        f"{LIST_SHEET[lang]} · {headline(verdict, lang)}",
        status_sentence(verdict, lang),
        what_to_do(verdict, lang, marked=marked),
        file_line(verdict, lang),
    )


def file_line(verdict: Verdict, lang: Lang) -> str:
    """Return the line that names the file."""
    return _FILE.format(name=one_line(verdict.file, _NAME_LIMIT))[lang]


def list_rows(
    verdict: Verdict, lang: Lang, sheet_names: Mapping[str, str] | None = None
) -> list[ListRow]:
    """Return the findings, errors first, those of one cause together, in the order of the workbook.

    `sheet_names` gives the name that a form's sheet has in this workbook; a sheet that it does
    not know is named but not linked to.
    """
    names = sheet_names or {}
    causes = {
        cause: place for place, cause in enumerate(dict.fromkeys(map(_cause, verdict.issues)))
    }
    ordered = sorted(
        verdict.issues,
        key=lambda issue: (SEVERITIES.index(issue.severity), causes[_cause(issue)]),
    )
    return [_list_row(number, issue, lang, names) for number, issue in enumerate(ordered, 1)]


def list_lines(rows: Sequence[ListRow], lang: Lang, *, marked: bool) -> Iterator[ListRow | str]:
    """Yield what is to be listed: of each cause its name and count, the first few in full, and how
    many more there are. Where no cause occurs twice, each finding speaks for itself."""
    causes = [(*key, list(alike)) for key, alike in groupby(rows, attrgetter("cause", "severity"))]
    named = len(causes) < len(rows)
    for cause, severity, found in causes:
        if named:
            yield _CAUSE.format(title=cause, n=len(found))[lang]
        yield from found[:IN_FULL]
        if (rest := len(found) - IN_FULL) > 0:
            words = _REST if marked and severity != "info" else _REST_NOTED
            yield words.format(n=rest)[lang]


@dataclass(frozen=True, slots=True)
class Mark:
    """What to put on one cell: its fill and the words of its comment."""

    severity: Severity
    note: str


def cell_marks(
    rows: Iterable[ListRow], sheet: str, shown_at: Callable[[Address], Address]
) -> dict[Address, Mark]:
    """Return the marks of a sheet's cells; notes are listed only, findings on one cell joined.

    `shown_at` names the cell that shows another one, as the first of a merged range does.
    """
    marks: dict[Address, Mark] = {}
    for row in rows:
        address = parse_cell(row.cell) if row.sheet == sheet and row.severity != "info" else None
        if address:
            place, note = shown_at(address), row.note
            before = marks.get(place)
            if before:  # and it is the graver one
                note = f"{before.note}\n{note}"[:_NOTE_LIMIT]
            marks[place] = Mark(before.severity if before else row.severity, note)
    return marks


def _list_row(number: int, issue: Issue, lang: Lang, names: Mapping[str, str]) -> ListRow:
    cell = issue.cell or (f"A{issue.row}" if issue.row else "")
    level, message = SEVERITY_LABELS[issue.severity][lang], _message(issue, lang)
    linked = issue.sheet in names and parse_cell(cell) is not None
    return ListRow(
        number=number,
        severity=issue.severity,
        level=level,
        place=_place(issue, names.get(issue.sheet, issue.sheet), lang),
        column=one_line(issue.column, _VALUE_LIMIT),
        value=one_line(issue.value, _VALUE_LIMIT),
        message=message,
        sheet=names[issue.sheet] if linked else "",
        cell=cell if linked else "",
        note=_NOTE.format(level=level, message=message)[lang],
        cause=one_line(issue.title[lang], _VALUE_LIMIT),
    )


def _cause(issue: Issue) -> tuple[str, str]:
    return issue.severity, issue.title.zh


def _message(issue: Issue, lang: Lang) -> str:
    """Return the message without the column that leads it, since a row names the column anyway."""
    message = issue.message[lang]
    if issue.column:
        message = message.removeprefix(f"{issue.column}：").removeprefix(f"{issue.column}: ")
    return one_line(message, _MESSAGE_LIMIT)


def _place(issue: Issue, sheet: str, lang: Lang) -> str:
    sheet = one_line(sheet, _VALUE_LIMIT)
    if not sheet:
        return _WHOLE[lang]
    if issue.cell:
        return one_line(f"{sheet}!{issue.cell}", _VALUE_LIMIT)
    if issue.row:
        return _ROW.format(sheet=sheet, row=issue.row)[lang]
    return sheet

"""The catalogue of reading faults (R-01 to R-24) and the making of issues at a place.

Every message begins with the column as written and says what is wrong and what to do; titles say
the same without quoting anything. Rules of the forms bring their own wording and use `issue_at`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.books.refusals import Refusal
from pipeline.issues import Issue, Severity
from pipeline.texts import Text

_COLUMN = Text("{column}：{message}", "{column}: {message}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is: the form's Chinese sheet name, A1 cell, row, field and column as written."""

    sheet: str
    cell: str = ""
    row: int | None = None
    field: str = ""
    column: str = ""


_CATALOGUE: dict[str, tuple[Severity, Text, Text]] = {
    "R-01": (
        "error",
        Text("必填项没有填", "Required value missing"),
        Text("这一格必须填。{hint}", "This cell is required. {hint}"),
    ),
    "R-02": ("error", Text("填的内容读不出来", "Not readable"), Text("{reason}", "{reason}")),
    "R-03": ("error", Text("不在选项里", "Not a choice"), Text("{reason}", "{reason}")),
    "R-04": (
        "error",
        Text("数值超出范围", "Out of range"),
        Text(
            "“{value}” 不能小于 {minimum}。请核对后改正。",
            "“{value}” must not be below {minimum}. Check and correct it.",
        ),
    ),
    "R-05": ("error", Text("单元格是错误值", "Error value"), Text("{reason}", "{reason}")),
    "R-06": ("error", Text("公式没有算出结果", "Formula without a value"), Text("{reason}", "{reason}")),
    "R-07": ("warning", Text("数字是约数", "Approximate number"), Text("{reason}", "{reason}")),
    "R-08": ("info", Text("已换一种写法读取", "Read as another spelling"), Text("{reason}", "{reason}")),
    "R-09": (
        "error",
        Text("缺少必填的列", "Required column missing"),
        Text(
            "表里找不到“{label}”。请用原来的模板，或补上这一列的表头。",
            "“{label}” was not found. Use the original template or add the heading.",
        ),
    ),
    "R-10": (
        "error",
        Text("同一列出现两次", "Column twice"),
        Text(
            "“{label}” 在 {first} 已经有了。请删掉多余的一个。",
            "“{label}” is already at {first}. Delete one of them.",
        ),
    ),
    "R-11": (
        "error",
        Text("缺少工作表", "Sheet missing"),
        Text(
            "找不到工作表“{label}”。请用原来的模板，工作表不要删除或改名。",
            "Sheet “{label}” was not found. Use the original template; do not delete or rename sheets.",
        ),
    ),
    "R-12": (
        "error",
        Text("台账与零报告不符", "Rows against nil tick"),
        Text("{reason}", "{reason}"),
    ),
    "R-13": (
        "info",
        Text("合计行未计入", "Total row dropped"),
        Text(
            "第 {row} 行是合计，没有计入（系统会自己合计）。",
            "Row {row} is a total and was left out; totals are computed.",
        ),
    ),
    "R-14": (
        "info",
        Text("未读取的内容", "Ignored content"),
        Text("{reason}", "{reason}"),
    ),
    "R-15": (
        "info",
        Text("不是用模板填的", "Not made from the template"),
        Text(
            "这份报表没有模板标记，已按封面读取。下次建议用发下的模板。",
            "This workbook has no template mark; it was read by its cover. Please use the template.",
        ),
    ),
    "R-16": (
        "info",
        Text("隐藏的内容也已读取", "Hidden content was read"),
        Text("{reason}", "{reason}"),
    ),
    "R-17": ("info", Text("改动过的表头已认出", "Changed heading recognised"), Text("{reason}", "{reason}")),
    "R-18": (
        "info",
        Text("表头与模板不一致，以表头为准", "Heading differs from the template and counts"),
        Text("{reason}", "{reason}"),
    ),
    "R-19": ("warning", Text("表头是猜的，请核对", "Heading was guessed"), Text("{reason}", "{reason}")),
    "R-20": (
        "error",
        Text("表头或工作表有两种读法", "Heading or sheet can be read in two ways"),
        Text("{reason}", "{reason}"),
    ),
    "R-21": ("info", Text("改过名的工作表已认出", "Renamed sheet recognised"), Text("{reason}", "{reason}")),
    "R-22": ("info", Text("用的是旧版模板", "Made from an older template"), Text("{reason}", "{reason}")),
    "R-23": (
        "error",
        Text("模板比系统新", "Made from a newer template"),
        Text(
            "这份报表用的是第 {version} 版模板，系统现在只认识到第 {known} 版，读了会漏。请告诉上级工会。",
            "This was made from version {version} of the template; only versions up to {known} are "
            "known here, and something would be lost. Please tell the union above.",
        ),
    ),
    "R-24": (
        "info",
        Text("表里的核对结果与这次不同", "The sheet's own verdict differed"),
        Text("{reason}", "{reason}"),
    ),
}  # fmt: skip


def finding(code: str, place: Place, value: str = "", **values: object) -> Issue:
    """Return the issue of a reading fault; a value may be a Text, then each language gets its own.

    A placeholder that is not given is a KeyError.
    """
    severity, title, message = _CATALOGUE[code]
    values["value"] = value
    return issue_at(place, code, severity, title, fill(message, values), value)


def issue_at(
    place: Place, code: str, severity: Severity, title: Text, message: Text, value: str = ""
) -> Issue:
    """Return an issue at a place, its message led by the column as written."""
    if place.column:
        message = fill(_COLUMN, {"column": place.column, "message": message})
    return Issue(
        code, severity, place.sheet, title, message,
        place.cell, place.row, place.field, place.column, value,
    )  # fmt: skip


def refusal_issue(refusal: Refusal) -> Issue:
    """Return the issue of a whole file that is set aside unread."""
    return Issue(refusal.code, "error", "", refusal.title, refusal.message)


def fill(message: Text, values: dict[str, object]) -> Text:
    """Fill a message's placeholders, `Text` values each in their own language."""
    return Text(
        message.zh.format_map({k: v.zh if isinstance(v, Text) else v for k, v in values.items()}),
        message.en.format_map({k: v.en if isinstance(v, Text) else v for k, v in values.items()}),
    )


def codes() -> tuple[str, ...]:
    """Return the codes of the catalogue, in order."""
    return tuple(_CATALOGUE)


def address(row: int, column: int) -> str:
    """Return the A1 address of a 1-based row and 0-based column.

    >>> address(14, 5), address(1, 26)
    ('F14', 'AA1')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"

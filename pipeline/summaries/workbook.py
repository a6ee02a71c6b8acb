"""The summary workbook: one `SummaryView` in, the bytes of an `.xlsx` out.

The order of the sheets and the properties of the document are here; what a sheet looks like is in
`sheets`. The same view gives the same bytes: the date of creation is that of the data.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.sheets import (
    cover,
    heatmap,
    issues,
    numbers,
    overview,
    ranks,
    reporting,
    scores,
    todo,
    trends,
    units,
)
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.detail_plans import OF_PLANS, DetailPlan, link_details, plan_details
from pipeline.summaries.sheets.details import add_detail_sheet, add_plan_detail
from pipeline.summaries.sheets.groups import add_group_sheet, groups_by_sheet
from pipeline.summaries.sheets.styles import FONT, Styles, theme
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang, Text

TITLE = Text("{unit} {period} 工会工作汇总表", "{unit} {period} union summary")
SUBJECT = Text("工会工作季度汇总", "Quarterly union summary")
SHOWS: Final = {
    "overview": Text(
        "一页看懂：关键数字、变化和图表", "Key figures, changes and charts on one page"
    ),
    "trend": Text("主要数字最近几个季度的走势", "The key figures over the last quarters"),
    "group": Text(
        "{labels}：合计与分项，比上季度、比去年同期", "{labels}: totals and breakdowns, compared"
    ),
    "units": Text("全部指标按下级单位对比", "All indicators by unit"),
    "ranks": Text(
        "主要比率从高到低，夹着总体数", "Units in the order of the main rates, with the mean"
    ),
    "months": Text("各单位每月做了多少，颜色深的多", "Units by month, darker is more"),
    "reporting": Text("应报、已报、未报，逐个单位", "Who has reported, unit by unit"),
    "todo": Text("谁还欠什么，哪些计划没有完成", "Who owes what, which plan items are not done"),
    "issues": Text("各单位报表里还没改的错误和提醒", "Errors and warnings still in the workbooks"),
    "scores": Text("“五有” 自查和打分，每一分从哪来", "Self-check and score, each point explained"),
    "detail": Text(
        "数字背后的每一行，可核对合计", "The rows behind the figures, with sums to check"
    ),
    "numbers": Text("全部数字，供程序读取", "All numbers, for programs"),
}

_HELD: Final = 500  # units: their sheets take some megabytes


def write_summary(view: SummaryView, lang: Lang, folder: Path | None = None) -> bytes:
    """Return the summary workbook of a unit and period.

    Sheets of more units than may be held lie in `folder` until they are packed; where there is
    none, they are held all the same.
    """
    memory = io.BytesIO()
    lies = folder is not None and len(view.statuses) > _HELD
    book = Workbook(
        memory,
        {
            **({"tmpdir": str(folder)} if lies else {"in_memory": True}),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": 10},
        },
    )
    book.use_custom_theme(theme())
    details = plan_details(view, lang)
    canvas = Canvas(book, Styles(book), view, lang, link_details(view, lang, details))
    _set_properties(canvas)
    _add_sheets(canvas, details)
    book.close()
    return memory.getvalue()


def _add_sheets(canvas: Canvas, details: tuple[DetailPlan, ...]) -> None:
    first = cover.add_cover(canvas)
    contents = [
        (overview.add_overview(canvas), canvas.say(SHOWS["overview"])),
        (trends.add_trend_sheet(canvas), canvas.say(SHOWS["trend"])),
    ]
    taken = {
        module.NAME[canvas.lang].casefold()
        for module in (
            cover,
            overview,
            units,
            ranks,
            heatmap,
            reporting,
            todo,
            issues,
            scores,
            numbers,
        )
    }
    taken |= {name.casefold() for name in (OF_PLANS[canvas.lang], *(plan.name for plan in details))}
    for groups in groups_by_sheet(canvas.view):
        labels = canvas.join(canvas.view.indicators.groups[group] for group in groups)
        contents.append(
            (add_group_sheet(canvas, groups, taken), canvas.say(SHOWS["group"], labels=labels))
        )
    contents += [
        (units.add_units_sheet(canvas), canvas.say(SHOWS["units"])),
        (ranks.add_ranks_sheet(canvas), canvas.say(SHOWS["ranks"])),
        *_add_months(canvas),
        (reporting.add_reporting_sheet(canvas), canvas.say(SHOWS["reporting"])),
        (todo.add_todo_sheet(canvas), canvas.say(SHOWS["todo"])),
        (issues.add_issues_sheet(canvas), canvas.say(SHOWS["issues"])),
        *_add_scores(canvas),
        *_add_details(canvas, details),
        (numbers.add_numbers_sheet(canvas), canvas.say(SHOWS["numbers"])),
    ]
    cover.write_contents(canvas, first, contents)
    first.activate()


def _add_months(canvas: Canvas) -> Iterator[tuple[Worksheet, str]]:
    if canvas.view.period.is_quarter:  # of longer periods no rows are listed
        yield heatmap.add_heatmap_sheet(canvas), canvas.say(SHOWS["months"])


def _add_scores(canvas: Canvas) -> Iterator[tuple[Worksheet, str]]:
    if canvas.view.scores:
        yield scores.add_scores_sheet(canvas), canvas.say(SHOWS["scores"])


def _add_details(
    canvas: Canvas, details: tuple[DetailPlan, ...]
) -> Iterator[tuple[Worksheet, str]]:
    for plan in details:
        yield add_detail_sheet(canvas, plan), canvas.say(SHOWS["detail"])
    if details:
        yield add_plan_detail(canvas), canvas.say(SHOWS["detail"])


def _set_properties(canvas: Canvas) -> None:
    view = canvas.view
    created = view.cut_off or datetime.combine(view.period.end, time())
    period = view.period.label[canvas.lang]
    canvas.book.set_properties(
        {
            "title": canvas.say(TITLE, unit=view.unit.name, period=period),
            "subject": f"{canvas.say(SUBJECT)} {view.period.code}",
            "author": view.union or view.unit.name,
            "company": view.union or view.unit.name,
            "comments": f"{canvas.covered()}; {canvas.cut_off()}",
            "created": created.replace(tzinfo=None, microsecond=0),
        }
    )

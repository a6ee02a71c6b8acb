"""A union of any size on disk: a workspace whose groups have all filled their quarterly workbooks.

    python benchmarks/corpus.py DIR [--count 2000] [--live]

Every workbook is as a group would send it: cover, three ledgers with 60 rows together, guide, lists
and `_meta`, about 16 KB. Every fourth has two to four mistakes of the usual kinds. Equal arguments
give equal bytes. The workbooks lie in `DIR/files`; `make_workspace()` makes a fresh workspace with them
in its inbox. With `--live` they are the template itself with 500 prepared rows a ledger, its live
checks and its tints, filled in.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from pipeline.forms.load import read_forms
from pipeline.forms.model import Field, Form, Forms
from pipeline.forms.workbook import write_template
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period, parse_period

CONFIG = Path(__file__).resolve().parent.parent / "config"
PERIOD = "2026Q3"
NOW = datetime(2026, 10, 10, 2, 0)
ROWS = {"activities": 12, "dues": 36, "visits": 12}
SHEET_OF_MISTAKE = ("activities", "dues", "visits")

_DROPPED = datetime(2026, 10, 9, 10, 0)
_DISTRICT = 50  # groups a district
_SETTINGS = """[union]
name = "某省教育工会"
summaries = "{summaries}"
[intake]
settle_seconds = 0
[workers]
count = {workers}
"""
_TITLES = ("秋季运动会", "读书分享会", "技能比武", "安全知识讲座", "教师节慰问座谈", "工间操比赛")
_PLACES = ("操场", "会议室", "教工之家", "阶梯教室", "实训车间")
_RESULTS = (
    "参加人数比去年多三成，收到建议十二条，已交办公室办理",
    "评出一等奖三名、二等奖六名，获奖作品在走廊展出两周",
    "完成八个课时，结业测验全部合格，下季继续办第二期",
)
_NAMES = "甲乙丙丁戊己庚辛壬癸"


def main() -> None:
    """Write a corpus."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--count", type=int, default=2000)
    asked.add_argument("--live", action="store_true", help="the template itself, filled in")
    given = asked.parse_args()
    paths = write_corpus(given.folder, given.count, live=given.live)
    size = sum(path.stat().st_size for path in paths) / len(paths)
    print(f"{len(paths)} workbooks of {size / 1024:.1f} KB in {given.folder / 'files'}")


def write_corpus(folder: Path, count: int, *, live: bool = False) -> list[Path]:
    """Write what is not there yet of the first `count` workbooks and return their paths."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    paths = [files / f"{code}_{PERIOD}.xlsx" for code in unit_codes(count)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    with ProcessPoolExecutor() as pool:
        made = pool.map(partial(make_workbook, live=live), missing, chunksize=20)
        for number, content in zip(missing, made, strict=True):
            paths[number].write_bytes(content)
    return paths


def make_workspace(root: Path, files: list[Path], *, workers: int, summaries: str = "root") -> Path:
    """Return a new workspace in `root` with these workbooks of the corpus in its inbox."""
    shutil.copytree(CONFIG, root / "config")
    settings = _SETTINGS.format(summaries=summaries, workers=workers)
    (root / "config" / "union.toml").write_text(settings, encoding="utf-8")
    (root / "config" / "orgunits.csv").write_text(orgunits(len(files)), encoding="utf-8")
    (root / "inbox").mkdir()
    for file in files:
        drop(root, file)
    return root


def drop(root: Path, file: Path) -> None:
    """Put a workbook into the inbox of a workspace."""
    target = root / "inbox" / file.name
    shutil.copyfile(file, target)
    os.utime(target, (_DROPPED.timestamp(), _DROPPED.timestamp()))


def unit_codes(count: int) -> Iterator[str]:
    """Yield the codes of the first `count` reporting units."""
    return (f"D{number // _DISTRICT:03d}-{number % _DISTRICT:02d}" for number in range(count))


def orgunits(count: int) -> str:
    """Return the organisation tree of so many reporting units, as CSV."""
    districts = sorted({code[:4] for code in unit_codes(count)})
    return "\n".join(
        [
            "code,name,parent,reports,email,contact,aliases,active_from,active_to",
            "R,某省教育工会,,否,,,,,",
            *(f"{code},第{code[1:]}区教育工会,R,否,,,,," for code in districts),
            *(f"{code},{name_of(code)},{code[:4]},是,,,,," for code in unit_codes(count)),
        ]
    )


def name_of(code: str) -> str:
    """Return the name of a reporting unit."""
    return f"第{code[1:4]}区第{code[5:]}小学工会"


def make_workbook(number: int, *, live: bool = False) -> bytes:
    """Return the workbook of one unit; every fourth has mistakes."""
    rng = random.Random(number)
    period = parse_period(PERIOD)
    assert period is not None
    code = f"D{number // _DISTRICT:03d}-{number % _DISTRICT:02d}"
    sheets = {
        "activities": [_activity(rng, period) for _ in range(ROWS["activities"])],
        "dues": [_due(rng, period, n) for n in range(ROWS["dues"])],
        "visits": [_visit(rng, period) for _ in range(ROWS["visits"])],
    }
    if number % 4 == 3:
        for mistake in rng.sample(_MISTAKES, rng.randint(2, 4)):
            form, field, value = mistake
            rng.choice(sheets[form])[field] = value
    return _fill_template(code, period, sheets) if live else _write(code, sheets)


# One of each kind: not a number, a blank, no choice, another quarter, against a rule, no date.
_MISTAKES: tuple[tuple[str, str, Any], ...] = (
    ("activities", "attended", "约四十几"),
    ("activities", "result", None),
    ("activities", "category", "文艺"),
    ("activities", "date_start", date(2026, 10, 3)),
    ("dues", "paid", "12O"),
    ("dues", "due", None),
    ("dues", "month", "2026-05"),
    ("visits", "date", date(2026, 5, 20)),
    ("visits", "persons", 0),
    ("visits", "event_date", "七月中旬"),
)


def _activity(rng: random.Random, period: Period) -> dict[str, Any]:
    day = _day(rng, period)
    invited = rng.randrange(20, 90)
    attended = rng.randrange(10, invited)
    return {
        "title": f"{rng.choice(_TITLES)}{rng.randrange(1, 900)}期",
        "category": rng.choice(("文体活动", "培训", "节日庆祝", "安全生产")),
        "date_start": day,
        "date_end": day,
        "place": rng.choice(_PLACES),
        "invited": invited,
        "attended": attended,
        "attended_female": attended // 2,
        "budget": (budget := rng.randrange(2000, 9000)),
        "cost": budget - rng.randrange(100, 900) / 100,
        "fund": rng.choice(("工会经费", "行政拨付")),
        "result": rng.choice(_RESULTS),
    }


def _due(rng: random.Random, period: Period, number: int) -> dict[str, Any]:
    member = number // 3
    base = 3000 + 170 * member
    due = base // 10 * 10 * 0.005
    return {
        "month": period.months[number % 3],
        "member_id": f"M{member:04d}",
        "name": _NAMES[member % 10] + _NAMES[rng.randrange(10)],
        "status": "正常",
        "base": base,
        "due": round(due, 2),
        "paid": round(due, 2),
        "pay_type": "当月",
        "pay_date": _day(rng, period),
    }


def _visit(rng: random.Random, period: Period) -> dict[str, Any]:
    day = max(_day(rng, period), period.start + timedelta(7))
    return {
        "date": day,
        "visit_type": rng.choice(("送清凉", "生病住院", "家访", "退休离岗")),
        "target_name": rng.choice(_NAMES) + rng.choice(_NAMES) + str(rng.randrange(900)),
        "target_class": rng.choice(("在职职工", "困难职工", "离退休")),
        "persons": rng.randrange(1, 9),
        "event_date": day - timedelta(rng.randrange(6)),
        "cash": rng.randrange(2, 20) * 100,
        "goods": "米、油",
        "goods_value": rng.randrange(1000, 9000) / 100,
        "fund": rng.choice(("工会经费", "上级拨付")),
        "visitors": rng.choice(_NAMES) + "主席",
        "mode": rng.choice(("上门", "医院")),
        "resolved": rng.choice(("已办结", "无诉求")),
    }


def _day(rng: random.Random, period: Period) -> date:
    return period.start + timedelta(rng.randrange((period.end - period.start).days + 1))


def _fill_template(code: str, period: Period, sheets: dict[str, list[dict[str, Any]]]) -> bytes:
    unit = OrgUnit(code, name_of(code), code[:4], True)
    workbook = _forms().workbooks["quarterly"]
    return write_template(workbook, unit, period, cover=_cover(code), records=sheets)


def _cover(code: str) -> dict[str, Any]:
    return {
        "unit": code,
        "unit_name": name_of(code),
        "period": PERIOD,
        "submit_type": "首报",
        "preparer": "甲一",
        "fill_date": date(2026, 10, 8),
        "staff": 52,
        "members": 48,
        "members_female": 26,
        "joined": 1,
        "left": 0,
    }


def _write(code: str, sheets: dict[str, list[dict[str, Any]]]) -> bytes:
    """Write a workbook as plain as one that went through another spreadsheet program."""
    from xlsxwriter import Workbook as Book

    workbook, cover = _forms().workbooks["quarterly"], _cover(code)
    buffer = io.BytesIO()
    with Book(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 10, 8)})
        day, money = (book.add_format({"num_format": f}) for f in ("yyyy-mm-dd", "#,##0.00"))
        formats = {"date": day, "money": money}
        bold = book.add_format({"bold": True, "border": 1, "bg_color": "#DDEEEE"})
        sheet = book.add_worksheet(workbook.cover.label.zh)
        sheet.write_string(0, 0, "季度报表", bold)
        for row, field in enumerate(workbook.cover.fields, 1):
            sheet.write_string(row, 0, field.label.zh + "*" * field.required, bold)
            _put(sheet, row, 1, cover.get(field.key), formats.get(field.type))
        for form in workbook.ledgers:
            sheet = book.add_worksheet(form.label.zh)
            sheet.write_string(0, 0, form.label.zh, bold)
            for column, field in enumerate(form.fields):
                sheet.write_string(1, column, field.label.zh + "*" * field.required, bold)
                _add_list(sheet, column, field)
                for row, values in enumerate(sheets[form.key], 2):
                    _put(sheet, row, column, values.get(field.key), formats.get(field.type))
        _write_guide(book.add_worksheet("填报说明"), workbook.ledgers)
        sheet = book.add_worksheet("_meta")
        pairs = {"template": "quarterly", "version": "1", "unit": code, "period": PERIOD}
        for row, pair in enumerate(pairs.items()):
            sheet.write_row(row, 0, pair)
        sheet.very_hidden()
    return buffer.getvalue()


def _put(sheet: Any, row: int, column: int, value: Any, style: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, style)
    elif value is not None:
        sheet.write_number(row, column, value, style)


def _add_list(sheet: Any, column: int, field: Field) -> None:
    words = [choice.value for choice in field.choices]
    if words and len(",".join(words)) < 255:
        rule = {"validate": "list", "source": words, "error_type": "warning"}
        sheet.data_validation(2, column, 500, column, rule)


def _write_guide(sheet: Any, forms: tuple[Form, ...]) -> None:
    fields = [field for form in forms for field in form.fields]
    for row, field in enumerate(fields):
        sheet.write_row(row, 0, (field.label.zh, field.hint.zh, field.hint.en))


@cache
def _forms() -> Forms:
    return read_forms(CONFIG)


if __name__ == "__main__":
    main()

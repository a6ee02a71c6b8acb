"""What people get wrong: a right report in, the same report with typical slips out.

Each slip is of another kind, so that the receipt of one workbook shows most of what can be said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from pipeline.demo.reports import Report, Row

Ledgers = dict[str, list[Row]]


def with_errors(report: Report) -> Report:
    """Return the report with a dozen errors; it needs five activities and two visits."""
    ledgers = _copied(report)
    activities, dues, visits = (ledgers[key] for key in ("activities", "dues", "visits"))
    activities[0]["cost"] = "12O0"
    after = report.period.end + timedelta(days=12)
    activities[1] |= {"date_start": after, "date_end": after}
    activities[2]["attended"] = _most(activities[2]) + 6
    activities[3] |= {"budget": None, "cost": 860, "fund": None}
    activities[4] |= {"category": "文体比赛", "place": None}
    _first(dues, _is_paid)["paid"] = Decimal("99.50")
    dues[5]["month"] = "13月"
    dues.append(dict(dues[3]))
    visits[0]["event_date"] = _day(visits[0], "date") + timedelta(days=4)
    visits[1]["persons"] = "若干"
    cover = {**report.cover, "members_female": int(str(report.cover["members"])) + 3}
    return replace(report, cover=cover, records=ledgers)


def with_warnings(report: Report) -> Report:
    """Return the report with a warning of every common kind, and no error."""
    ledgers = _copied(with_late_visit(report))
    activities, dues, visits = (ledgers[key] for key in ("activities", "dues", "visits"))
    activities[0] |= {"budget": 1000, "cost": 1380, "fund": "工会经费"}
    activities[1]["result"] = "圆满成功，反响热烈"
    activities[2]["attended"] = f"约{activities[2]['attended']}"
    _first(dues, _is_paid).update({"paid": Decimal(0), "pay_date": None})
    _first(visits, lambda row: row["visit_type"] == "生日慰问")["cash"] = 200
    return replace(report, records=ledgers)


def with_late_visit(report: Report) -> Report:
    """Return the report with one visit to a sick member paid after twelve days."""
    ledgers = _copied(report)
    visit = _first(ledgers["visits"], lambda row: row["event_date"] is not None)
    visit["event_date"] = _day(visit, "date") - timedelta(days=12)
    return replace(report, records=ledgers)


def corrected(report: Report) -> Report:
    """Return the report as its group hands it in again."""
    return replace(report, cover={**report.cover, "submit_type": "更正"})


def _copied(report: Report) -> Ledgers:
    return {key: [dict(row) for row in rows] for key, rows in report.records.items()}


def _first(rows: Sequence[Row], fits: Callable[[Row], bool]) -> Row:
    return next(row for row in rows if fits(row))


def _is_paid(row: Mapping[str, object]) -> bool:
    return row.get("base") is not None and row["paid"] == row["due"]


def _most(activity: Row) -> int:
    return int(str(activity["invited"])) * int(str(activity["sessions"] or 1))


def _day(row: Row, key: str) -> date:
    day = row[key]
    assert isinstance(day, date)
    return day

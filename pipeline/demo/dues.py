"""Who has paid: members and months in, the rows of the dues ledger by the month they are paid in.

Dues are 0.5 % of the wage without its tail below 10 yuan. Now and then somebody is in arrears, with a
reason, and pays the month after; that back payment may fall into the next quarter's workbook.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from random import Random

from pipeline.demo.people import Member, wage

Row = dict[str, object]

_RATE, _FEN = Decimal("0.005"), Decimal("0.01")
_REASONS = ("外出进修，回来补缴", "病假，下月补缴", "工资卡换卡未扣成", "借调在外，待转账")
_ARREARS, _FEWER = 0.05, 0.002  # share of the first month, and how much less there is every month
_REPAID = 0.8


def dues_by_month(
    members: Sequence[Member], months: Sequence[str], seed: str
) -> dict[str, list[Row]]:
    """Return the rows of every month, by member."""
    rng = Random(f"{seed} dues")
    found: dict[str, list[Row]] = {}
    owed: dict[str, Row] = {}
    for number, month in enumerate(months):
        rows = found[month] = []
        owing: dict[str, Row] = {}
        for member in members:
            if member.belongs(month):
                row = _payment(member, month, months[0], rng, _ARREARS - _FEWER * number)
                rows.append(row)
                if row["reason"]:
                    owing[member.id] = row
                if member.id in owed and member.stays(month) and rng.random() < _REPAID:
                    rows.append(_back_payment(owed[member.id], month, rng))
        owed = owing
    return found


def _payment(member: Member, month: str, first: str, rng: Random, arrears: float) -> Row:
    status = member.status(month)
    row: Row = {"month": month, "member_id": member.id, "name": member.name, "reason": None}
    if status not in ("", "新入会"):
        return row | {"status": status, "due": Decimal(0), "paid": Decimal(0)}
    base = wage(member, month, first)
    due = (base / 10).to_integral_value(ROUND_FLOOR) * 10 * _RATE
    due = due.quantize(_FEN)
    row |= {"status": status or None, "base": base, "due": due}
    if rng.random() < arrears:
        return row | {"paid": Decimal(0), "reason": rng.choice(_REASONS)}
    return row | {"paid": due, "pay_date": _day(month, rng)}


def _back_payment(owed: Row, month: str, rng: Random) -> Row:
    kept = {key: owed[key] for key in ("month", "member_id", "name", "due")}
    return kept | {"paid": owed["due"], "pay_type": "补缴", "pay_date": _day(month, rng)}


def _day(month: str, rng: Random) -> date:
    return date(int(month[:4]), int(month[5:]), rng.randint(8, 16))

"""The peer: what a good user writes with pandas for the same job, reading, checks and sums.

    python benchmarks/pandas_script.py FOLDER --engine calamine|openpyxl [--limit 200]

One workbook after the other into data frames, columns typed and checked as wholes, faults listed by
row, sums of the clean workbooks by district at the end. It does less than the product: no receipts,
no versions, no archive, no database, no spelling but the usual one, and it trusts its input.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

START, END = pd.Timestamp("2026-07-01"), pd.Timestamp("2026-09-30")
TODAY = pd.Timestamp("2026-10-10")
LEDGERS = ("活动台账", "会费台账", "走访慰问台账")
REQUIRED = {
    "活动台账": ["活动名称", "活动类别", "开始日期", "地点", "应参加人数", "实参加人次", "实际支出(元)", "主要成果"],
    "会费台账": ["会费月份", "会员编号", "会员姓名", "应缴(元)", "实缴(元)"],
    "走访慰问台账": ["慰问日期", "慰问类型", "对象姓名", "对象类别", "慰问人数", "慰问金(元)", "走访人"],
}  # fmt: skip
NUMBERS = {
    "活动台账": ["应参加人数", "实参加人次", "场次", "其中女职工", "预算(元)", "实际支出(元)"],
    "会费台账": ["缴费基数(元)", "应缴(元)", "实缴(元)"],
    "走访慰问台账": ["户数", "慰问人数", "慰问金(元)", "慰问品折款(元)"],
}
DATES = {
    "活动台账": ["开始日期", "结束日期"],
    "会费台账": ["缴纳日期"],
    "走访慰问台账": ["慰问日期", "事件日期"],
}
CHOICES = {
    "活动台账": {"活动类别": {"文体活动", "培训", "节日庆祝", "安全生产", "学习宣教"}},
    "会费台账": {"缴纳类型": {"当月", "补缴", "预缴", "退费"}},
    "走访慰问台账": {"慰问类型": {"送清凉", "生病住院", "家访", "退休离岗", "送温暖"}},
}
STOCK = "圆满成功|圆满完成|取得良好效果"


def main() -> None:
    """Read, check and add up a folder of workbooks."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--engine", choices=("calamine", "openpyxl"), required=True)
    asked.add_argument("--limit", type=int)
    given = asked.parse_args()
    paths = sorted(given.folder.glob("*.xlsx"))[: given.limit]
    start = time.perf_counter()
    faulty, sums = add_up(paths, given.engine)
    seconds = time.perf_counter() - start
    print(
        f"{len(paths)} workbooks, {faulty} with faults, {seconds / len(paths) * 1000:.2f} ms each"
    )
    print(sums.tail(3))


def add_up(paths: Sequence[Path], engine: str) -> tuple[int, pd.DataFrame]:
    """Return how many workbooks have faults, and the sums of the others by district."""
    clean, header = [], header_row(paths[0], engine)
    for path in paths:
        found, sums = check_and_sum(path, engine, header)
        if not found:
            clean.append(sums)
    frame = pd.DataFrame(clean)
    return len(paths) - len(clean), frame.groupby(frame["unit"].str[:4]).sum(numeric_only=True)


def header_row(path: Path, engine: str) -> int:
    """Return, from 0, the row of headings in the ledgers: the template has a line of advice more."""
    first = pd.read_excel(path, sheet_name=LEDGERS[0], header=None, nrows=5, engine=engine)
    return int(first.eq("活动名称*").any(axis=1).idxmax())


def check_and_sum(path: Path, engine: str, header: int = 1) -> tuple[list[str], dict[str, object]]:
    """Return the faults and the sums of one workbook."""
    with pd.ExcelFile(path, engine=engine) as book:
        cover = pd.read_excel(book, sheet_name="封面", header=None)
        sheets = pd.read_excel(book, sheet_name=list(LEDGERS), header=header)
    values = dict(zip(cover[0].str.rstrip("*"), cover[1], strict=True))
    faults = [f"封面 {key}" for key in ("单位编码", "报告期", "填报人") if pd.isna(values.get(key))]
    if int(values["其中女会员"]) > int(values["会员人数"]):
        faults.append("封面 其中女会员")
    for name, frame in sheets.items():
        frame.columns = frame.columns.str.rstrip("*")
        faults += _type_faults(name, frame)
    activities, dues, visits = (sheets[name] for name in LEDGERS)
    faults += _rule_faults(activities, dues, visits)
    paid = dues[dues["缴纳类型"] == "当月"]
    return faults, {
        "unit": str(values["单位编码"]),
        "activities": len(activities),
        "attended": activities["实参加人次"].sum(),
        "cost": activities["实际支出(元)"].sum(),
        "due": paid["应缴(元)"].sum(),
        "paid": paid["实缴(元)"].sum(),
        "persons": visits["慰问人数"].sum(),
        "cash": (visits["慰问金(元)"] + visits["慰问品折款(元)"]).sum(),
    }


def _type_faults(name: str, frame: pd.DataFrame) -> list[str]:
    bad = {key: frame[key].isna() for key in REQUIRED[name]}
    for key in NUMBERS[name]:
        typed = frame[key]
        frame[key] = pd.to_numeric(typed, errors="coerce")
        bad[f"{key} 不是数字"] = frame[key].isna() & typed.notna()
    for key in DATES[name]:
        typed = frame[key]
        frame[key] = pd.to_datetime(typed, errors="coerce", format="ISO8601")
        bad[f"{key} 不是日期"] = frame[key].isna() & typed.notna()
    for key, choices in CHOICES[name].items():
        bad[f"{key} 不在选项里"] = ~frame[key].isin(choices)
    return _rows(name, bad)


def _rule_faults(activities: pd.DataFrame, dues: pd.DataFrame, visits: pd.DataFrame) -> list[str]:
    ends = activities["结束日期"].fillna(activities["开始日期"])
    sessions = activities["场次"].fillna(1)
    owed = dues["缴费基数(元)"].floordiv(10) * 10 * 0.005
    this_month = dues["缴纳类型"] == "当月"
    months = dues["会费月份"].astype(str)
    spent = visits["慰问金(元)"].fillna(0) + visits["慰问品折款(元)"].fillna(0)
    return [
        *_rows(
            "活动台账",
            {
                "结束早于开始": ends < activities["开始日期"],
                "不在报告期": (ends < START) | (ends > END),
                "实参加超过应参加": activities["实参加人次"] > activities["应参加人数"] * sessions,
                "女职工超过实参加": activities["其中女职工"] > activities["实参加人次"],
                "没有经费来源": (activities["实际支出(元)"] > 0) & activities["经费来源"].isna(),
                "超预算": activities["实际支出(元)"] > activities["预算(元)"] * 1.1,
                "成果空泛": activities["主要成果"].astype(str).str.fullmatch(STOCK),
                "重复": activities.duplicated(["活动名称", "开始日期"]),
            },
        ),
        *_rows(
            "会费台账",
            {
                "不在报告期": this_month & ~months.between("2026-07", "2026-09"),
                "重复": dues.duplicated(["会员编号", "会费月份", "缴纳类型"]),
                "应缴不对": (dues["应缴(元)"] - owed).abs() > 0.05,
                "实缴超过应缴": this_month & (dues["实缴(元)"] > dues["应缴(元)"]),
                "欠缴没有原因": (dues["实缴(元)"] < dues["应缴(元)"]) & dues["欠缴原因"].isna(),
            },
        ),
        *_rows(
            "走访慰问台账",
            {
                "不在报告期": ~visits["慰问日期"].between(START, END),
                "人数": visits["慰问人数"] < 1,
                "没有资金来源": (spent > 0) & visits["资金来源"].isna(),
                "事件晚于慰问": visits["事件日期"] > visits["慰问日期"],
                "重复": visits.duplicated(["对象姓名", "慰问类型", "慰问日期"]),
            },
        ),
    ]


def _rows(name: str, bad: dict[str, pd.Series]) -> list[str]:
    return [
        f"{name} 第 {row + 3} 行：{what}" for what, mask in bad.items() for row in mask[mask].index
    ]


if __name__ == "__main__":
    main()

"""The peer: the three ledgers of each workbook read and validated by frictionless, on one core.

    python -m venv /some/where && /some/where/bin/pip install "frictionless[excel]"
    /some/where/bin/python benchmarks/frictionless_script.py FOLDER [--limit 50]

Types, required fields and choices as a Table Schema, and nothing beyond them: no rules over two
fields, no cover.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from frictionless import Detector, Dialect, Resource, Schema, formats, system

REQUIRED = {"constraints": {"required": True}}
FIELDS: dict[str, list[dict[str, Any]]] = {
    "活动台账": [
        {"name": "活动名称*", "type": "string", **REQUIRED},
        {
            "name": "活动类别*",
            "type": "string",
            "constraints": {
                "required": True,
                "enum": ["文体活动", "培训", "节日庆祝", "安全生产", "学习宣教"],
            },
        },
        {"name": "开始日期*", "type": "date", "format": "any", **REQUIRED},
        {"name": "结束日期", "type": "date", "format": "any"},
        {"name": "地点*", "type": "string", **REQUIRED},
        {"name": "应参加人数*", "type": "integer", **REQUIRED},
        {"name": "实参加人次*", "type": "integer", **REQUIRED},
        {"name": "实际支出(元)*", "type": "number", **REQUIRED},
        {"name": "主要成果*", "type": "string", **REQUIRED},
    ],
    "会费台账": [
        {"name": "会费月份*", "type": "string", **REQUIRED},
        {"name": "会员编号*", "type": "string", **REQUIRED},
        {"name": "会员姓名*", "type": "string", **REQUIRED},
        {"name": "应缴(元)*", "type": "number", **REQUIRED},
        {"name": "实缴(元)*", "type": "number", **REQUIRED},
    ],
    "走访慰问台账": [
        {"name": "慰问日期*", "type": "date", "format": "any", **REQUIRED},
        {"name": "慰问类型*", "type": "string", **REQUIRED},
        {"name": "对象姓名*", "type": "string", **REQUIRED},
        {
            "name": "慰问人数*",
            "type": "integer",
            "constraints": {"required": True, "minimum": 1},
        },
        {"name": "慰问金(元)*", "type": "number", **REQUIRED},
    ],
}


def main() -> None:
    """Validate a folder of workbooks."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--limit", type=int, default=50)
    asked.add_argument("--header", type=int, default=2, help="the row of headings, from 1")
    given = asked.parse_args()
    paths = sorted(given.folder.glob("*.xlsx"))[: given.limit]
    start, cpu = time.perf_counter(), time.process_time()
    with system.use_context(trusted=True):
        faulty = sum(not _is_valid(path, given.header) for path in paths)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{len(paths)} {faulty} {wall:.3f} {cpu:.3f}")  # files, faulty, seconds, CPU seconds


def _is_valid(path: Path, header: int) -> bool:
    """Tell whether all ledgers are as they should be; every one is looked at."""
    verdicts = []
    for sheet, fields in FIELDS.items():
        dialect = Dialect(
            header_rows=[header], skip_blank_rows=True, controls=[formats.ExcelControl(sheet=sheet)]
        )
        ledger = Resource(
            path=str(path),
            dialect=dialect,
            schema=Schema.from_descriptor({"fields": fields}),
            detector=Detector(schema_sync=True),  # the columns that the schema names
        )
        verdicts.append(ledger.validate().valid)
    return all(verdicts)


if __name__ == "__main__":
    main()

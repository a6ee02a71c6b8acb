"""The organisation tree: encodings, activity in time, and errors that say where."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from pipeline.errors import ConfigError
from pipeline.orgunits import read_orgunits

HEADER = "code,name,parent,reports,email,contact,aliases,active_from,active_to"
TREE = f"""{HEADER}
U0,某区总工会,,否,union@example.com,,,,
S,教育工会,U0,是,,,,,
S1,甲小学工会,S,是,s1@example.com,甲一 1001,甲小工会; 甲小 ,2026-01-01,
S2,乙中学工会,S,是,,,,,2026-06-30
"""
DAY = date(2026, 9, 30)


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "orgunits.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_encodings_excel_writes(tmp_path: Path, encoding: str) -> None:
    tree = read_orgunits(write(tmp_path, TREE, encoding), "U0")
    assert tree.units["S1"].name == "甲小学工会"
    assert tree.units["S1"].aliases == ("甲小工会", "甲小")


def test_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.active.append(["U0", "总工会", None, "是"])
    book.active.append([1001, "甲", "U0", "是", None, None, None, date(2026, 1, 1)])
    book.save(tmp_path / "units.xlsx")
    tree = read_orgunits(tmp_path / "units.xlsx")
    assert tree.units["1001"].active_from == date(2026, 1, 1)


def test_who_reports_and_who_is_inner(tmp_path: Path) -> None:
    tree = read_orgunits(write(tmp_path, TREE))
    assert [u.code for u in tree.reporting("U0", DAY)] == ["S", "S1"]
    assert [u.code for u in tree.reporting("U0", date(2025, 12, 31))] == ["S", "S2"]
    assert [u.code for u in tree.inner(DAY)] == ["U0", "S"]
    assert [u.code for u in tree.children("S", date(2026, 6, 30))] == ["S1", "S2"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TREE.replace("S2,", "S1,"), "S1"),
        (TREE.replace("S1,甲小学工会,S,", "S1,甲小学工会,X,"), "X"),
        (TREE.replace("S,教育工会,U0", "S,教育工会,S1"), "圈"),
        (TREE.replace("S,教育工会,U0", "S,教育工会,"), "U0、S"),
        (TREE.replace(",是,s1@", ",对,s1@"), "第 4 行"),
        (TREE.replace("2026-06-30", "30.6.2026"), "active_to"),
        (TREE.replace("active_to", "aktive_to"), "active_to"),
        (TREE.replace("parent,", ""), "parent"),
        (TREE.replace("S2,乙", "../S2,乙"), "文件名"),
        (TREE.replace("S2,乙中学工会", ",乙中学工会"), "code"),
        (HEADER, "无"),
    ],
)
def test_errors_say_where_and_what(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_orgunits(write(tmp_path, text))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_the_root_must_be_the_configured_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="U0"):
        read_orgunits(write(tmp_path, TREE), "S")


def test_a_missing_or_garbled_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_orgunits(tmp_path / "none.csv")
    (tmp_path / "orgunits.csv").write_bytes(b"code,name\xff\xff\xff")
    with pytest.raises(ConfigError, match="GB18030"):
        read_orgunits(tmp_path / "orgunits.csv")

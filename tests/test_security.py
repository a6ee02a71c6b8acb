"""SECURITY.md in step with the tests: no promise without one, none that is not there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from conftest import ROOT

PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
PROMISES = [line for line in PAGE.splitlines() if re.match(r"\| (?!-|保证 promise)", line)]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("line", PROMISES, ids=lambda line: line.split("·")[0][2:14].strip())
def test_every_promise_names_tests_that_exist(line: str) -> None:
    _, promise, shown_by, _ = (cell.strip() for cell in line.split("|"))
    assert re.search(r"[\u4e00-\u9fff].* · [A-Z]", promise), "in both languages"
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", shown_by)
    assert named
    assert re.sub(r"`[^`]*`|\s", "", shown_by) == ""
    assert [name for file, name in named if name not in names_in(file)] == []


def test_the_page_has_promises_in_each_part() -> None:
    part = PAGE[PAGE.index("## 保证什么") : PAGE.index("## 不保证什么")]
    assert all(section.count("| `test_") >= 3 for section in part.split("\n### ")[1:])
    assert len(PROMISES) >= 30


def test_files_that_the_page_tells_to_run_are_there() -> None:
    for file in re.findall(r"^python (?:-m pytest )?(tests/\w+\.py)", PAGE, re.MULTILINE):
        assert (ROOT / file).is_file()

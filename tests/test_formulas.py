"""Rules as Excel formulas: what is written, in which functions, and what is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from test_invented_ledger import LEDGER, TICK, append
from workspaces import make_workspace

from pipeline.errors import ConfigError, ExpressionError
from pipeline.forms.expressions import Scope, parse_expression
from pipeline.forms.formulas import LONGEST_FORMULA, PUNCTUATION, compile_formula
from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms

SCOPE = Scope(
    fields={
        "n": "number", "m": "number", "day": "date", "other_day": "date", "month": "month",
        "kind": "text", "words": "text", "yes": "flag", "also": "flag",
    },
    choices={"kind": ("甲类", "乙类")},
    parameters={"limit": Decimal("1.1"), "phrases": ("很好", "真的很好"), "word": "甲类"},
)  # fmt: skip
# All in Excel 2007 already, and in WPS and LibreOffice.
EVERYWHERE = {
    "ABS", "AND", "EXACT", "FIND", "IF", "INT", "ISERROR", "ISLOGICAL", "ISNUMBER", "LEFT", "LEN", "MID",
    "NOT", "OR", "ROUND", "SUBSTITUTE", "SUMPRODUCT", "TODAY", "TRUNC",
}  # fmt: skip


def formula(text: str, scope: Scope = SCOPE) -> str:
    return compile_formula(parse_expression(text, scope, "test"), "f", {"words"}, "test")


def functions_in(text: str) -> set[str]:
    return set(re.findall(r"([A-Z]+)\(", re.sub(r'"[^"]*"', "", text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "n <= m",
            "IF(AND(ok_f__n,ok_f__m),"
            "IF(AND(ISNUMBER(v_f__n),ISNUMBER(v_f__m)),ROUND(v_f__n-v_f__m,6)>0,FALSE),FALSE)",
        ),
        ("present(n)", 'IF(ok_f__n,v_f__n="",FALSE)'),
        ("blank(n)", 'IF(ok_f__n,v_f__n<>"",FALSE)'),
        (
            "not n > 0 or present(kind)",
            'IF(AND(ok_f__n,ok_f__kind),AND(IF(ISNUMBER(v_f__n),ROUND(v_f__n,6)>0,FALSE),v_f__kind=""),FALSE)',
        ),
        (
            "kind == word and n >= -1",
            'IF(AND(ok_f__kind,ok_f__n),OR(IF(v_f__kind<>"",NOT(EXACT(v_f__kind,"甲类")),FALSE),'
            "IF(ISNUMBER(v_f__n),ROUND(v_f__n-(-1),6)<0,FALSE)),FALSE)",
        ),
        (
            "kind not in ('甲类', '乙类')",
            'IF(ok_f__kind,IF(v_f__kind<>"",OR(EXACT(v_f__kind,"甲类"),EXACT(v_f__kind,"乙类")),FALSE),FALSE)',
        ),
        (
            "day <= other_day + 7",
            "IF(AND(ok_f__day,ok_f__other_day),IF(AND(ISNUMBER(v_f__day),ISNUMBER(v_f__other_day)),"
            "ROUND(v_f__day-(v_f__other_day+TRUNC(7)),6)>0,FALSE),FALSE)",
        ),
        (
            "month >= first_month",
            "IF(ok_f__month,IF(AND(ISNUMBER(v_f__month),ISNUMBER(context_first_month)),"
            "ROUND(v_f__month-context_first_month,6)<0,FALSE),FALSE)",
        ),
        ("day <= today", "IF(ok_f__day,IF(ISNUMBER(v_f__day),ROUND(v_f__day-TODAY(),6)>0,FALSE),FALSE)"),
        (
            "yes == also",
            "IF(AND(ok_f__yes,ok_f__also),IF(AND(ISLOGICAL(v_f__yes),ISLOGICAL(v_f__also)),"
            "v_f__yes<>v_f__also,FALSE),FALSE)",
        ),
        (
            "length(words) >= 6",
            'IF(ok_f__words,IF(AND(v_f__words<>"",plain_f__words),ROUND(LEN(v_f__words)-6,6)<0,FALSE),FALSE)',
        ),
    ],
)  # fmt: skip
def test_a_rule_is_written_as_what_is_definitely_false(text: str, expected: str) -> None:
    assert formula(text) == expected


def test_a_divisor_is_asked_first_whether_it_is_zero() -> None:
    assert "IF(ROUND(v_f__m,9)<>0,ROUND((v_f__n/v_f__m)-2,9)>0,FALSE)" in formula("n / m <= 2")
    assert "<>0," not in formula("n / 10 <= 2")


def test_the_floor_of_a_quotient_forgives_what_binary_numbers_lose() -> None:
    assert "INT(ROUND((v_f__n/10),9))" in formula("floor(n / 10) == 3")


def test_longer_stock_phrases_are_taken_out_first() -> None:
    text = formula("not only(words, phrases)")
    assert 'SUBSTITUTE(SUBSTITUTE(v_f__words,"真的很好",""),"很好","")' in text


def test_punctuation_is_what_the_pipeline_takes_for_no_word() -> None:
    assert re.fullmatch(r"[\W_]+", PUNCTUATION)


def test_every_rule_of_the_shipped_forms_uses_functions_that_all_programs_have(
    forms: Forms,
) -> None:
    for form in forms.forms.values():
        for rule in form.rules:
            assert functions_in(rule.formula) <= EVERYWHERE, rule.id
            assert len(rule.formula) <= LONGEST_FORMULA


def with_phrases(*phrases: str) -> Scope:
    return Scope(SCOPE.fields, SCOPE.choices, {"phrases": phrases})


@pytest.mark.parametrize(
    ("text", "scope", "reason"),
    [
        (f"words == '{'长' * 256}'", SCOPE, "255"),
        ("n == 1234567890.1234567", SCOPE, "15"),
        ("not only(words, phrases)", with_phrases(*map(str, range(70))), "too long"),
        ("not only(words, phrases)", with_phrases(*("很" * n for n in range(240, 255))), "255"),
        (" and ".join(["n <= m"] * 200), SCOPE, "too long"),
    ],
)
def test_what_no_formula_can_say_is_refused(text: str, scope: Scope, reason: str) -> None:
    if reason == "255" and "only" in text:
        scope = with_phrases("很" * 256)
    with pytest.raises(ExpressionError, match=rf"(?s)test.*{reason}.*pipeline_only"):
        formula(text, scope)


@pytest.mark.parametrize("text", ["n == 123456789012345", "n == 0.000000000000001", "n == 1e20"])
def test_as_many_digits_as_excel_keeps_are_fine(text: str) -> None:
    formula(text)


def load_with(folder: Path, change: str, to: str) -> Forms:
    """Read the shipped forms with one more ledger, changed."""
    config = make_workspace(folder / "ws") / "config"
    (config / "forms" / "proposals.toml").write_text(LEDGER.replace(change, to), "utf-8")
    append(config / "forms" / "cover.toml", TICK, before="\n[[checks]]")
    return read_forms(config)


LONG_RULE = "rule = \"kind != '" + "长" * 256 + "'\""
WHY = '\npipeline_only = { zh = "太长。", en = "Too long." }'
CHECK = '\n[[checks]]\nid = "T-03"\ncheck = "unit_named"\nseverity = "warning"\n'
CHECK += 'title = { zh = "甲", en = "A" }\nmessage = { zh = "甲", en = "A" }\n'


def test_a_rule_without_a_formula_is_refused_unless_it_says_why(tmp_path: Path) -> None:
    choices, ledger_rule = 'choices = ["提案", "金点子"]', 'rule = "collected <= most"'
    ledger = LEDGER.replace('type = "choice"\n' + choices, 'type = "text"')
    assert ledger != LEDGER
    config = make_workspace(tmp_path / "ws") / "config"
    path = config / "forms" / "proposals.toml"
    append(config / "forms" / "cover.toml", TICK, before="\n[[checks]]")
    path.write_text(ledger.replace(ledger_rule, LONG_RULE), "utf-8")
    with pytest.raises(ExpressionError, match=r"proposals.toml.*T-02.*pipeline_only"):
        read_forms(config)
    path.write_text(ledger.replace(ledger_rule, LONG_RULE + WHY), "utf-8")
    rule = read_forms(config).forms["proposals"].rules[1]
    assert (rule.formula, rule.pipeline_only.zh) == ("", "太长。")


def test_a_check_that_no_sheet_can_make_is_refused_unless_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"proposals.toml.*T-03.*unit_named.*pipeline_only"):
        load_with(tmp_path / "1", "[[rules]]", CHECK + "\n[[rules]]")


def test_a_reason_is_given_in_both_languages(tmp_path: Path) -> None:
    line = 'rule = "collected <= most"'
    with pytest.raises(ConfigError, match=r"pipeline_only.*give the reason"):
        load_with(tmp_path, line, line + '\npipeline_only = { zh = "太长。", en = "" }')

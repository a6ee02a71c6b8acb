"""Settings and forms: what may be written, and errors that name file, key and the nearest key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import CONFIG

from pipeline.config import Settings, mail_password, read_settings
from pipeline.errors import ConfigError
from pipeline.forms.load import read_forms


def settings(folder: Path, text: str) -> Settings:
    path = folder / "union.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_missing_keys_take_their_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, "[periods]\ndue_days = 20\n")
    assert found.periods.due_days == 20
    assert found.limits.max_rows == 20_000
    assert found.privacy.k == 1


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert settings(tmp_path, "\ufeff[union]\nname = '甲'\n").union.name == "甲"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[intake]\nsettle_second = 3", "settle_seconds"),
        ("[limit]\nmax_rows = 3", "[limits]"),
        ("[intake]\nsettle_seconds = '3'", "整数"),
        ("[intake]\nsettle_seconds = -1", "不小于 0"),
        ("[mail]\nsecurity = 'tsl'", "tls"),
        ("[union]\nname = 3", "文字"),
        ("[union]\nlanguage = 'de'", "zh / en"),
        ("[schedule]\nnightly = '2点'", "nightly"),
        ("[schedule]\ntimezone = 'Asia/Nowhere'", "timezone"),
        ("[limits]\nmax_rows = 0", "max_rows"),
        ("[privacy]\nk = 0", "k"),
        ("[privacy]\nk = '5'", "整数"),
        ("[mail]\nhost = 'localhost'", "sender"),
        ("union = 3", "union"),
        ("[union\nname = 3", "union.toml"),
    ],
)
def test_errors_name_file_key_and_what_is_right(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        settings(tmp_path, text)
    assert says in str(error.value)
    assert "union.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_password_comes_only_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNION_MAIL_PASSWORD", "s3cret")
    assert mail_password() == "s3cret"
    assert "s3cret" not in repr(Settings())


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """Copy the shipped configuration with one change in one file."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    path = config / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return config


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("forms/dues.toml", "required = true", "requird = true", "required"),
        ("forms/dues.toml", 'type = "money"', 'type = "mony"', "money"),
        ("forms/dues.toml", 'choices = "pay_type"', 'choices = "paytype"', "pay_type"),
        ("forms/dues.toml", 'default = "当月"', 'default = "本期"', "选项"),
        ("forms/dues.toml", "rule = \"present(reason) or paid >= due\"", "rule = \"present(raeson)\"", "reason"),
        ("forms/dues.toml", "实缴 {paid} 元少于", "实缴 {piad} 元少于", "paid"),
        ("forms/dues.toml", 'severity = "error"', 'severity = "eror"', "error"),
        ("forms/dues.toml", 'check = "each_month"', 'check = "every_month"', "each_month"),
        ("forms/dues.toml", 'unless = "nil_dues"', 'unless = "no_dues"', "no_dues"),
        ("forms/dues.toml", 'nil = "nil_dues"', 'nil = "no_dues"', "no_dues"),
        ("forms/dues.toml", 'key = "name"', 'key = "Name"', "小写"),
        ("forms/dues.toml", 'key = "name"', 'key = "month"', "month"),
        ("forms/dues.toml", 'key = "name"', 'key = "unit"', "保留"),
        ("forms/dues.toml", 'aliases = ["姓名"]', 'aliases = ["会员编号"]', "会员编号"),
        ("forms/dues.toml", 'key = "dues"', 'key = "visits"', "visits"),
        ("forms/dues.toml", 'label = { zh = "会费月份", en = "Month" }', 'label = "会费月份"', "en ="),
        ("forms/dues.toml", 'en = ["Jia Yi", "Yi Er"]', 'en = ["Jia Yi"]', "一样多"),
        ("forms/dues.toml", 'examples = ["M001", "M002"]', 'examples = { zh = ["M001"] }', "en ="),
        ("choices.toml", 'aliases = ["补交"]', 'aliases = ["预交"]', "预交"),
        ("workbooks/plan.toml", 'ledgers = ["plan"]', 'ledgers = ["plann"]', "plan"),
        ("workbooks/plan.toml", 'every = "year"', 'every = "yearly"', "year"),
    ],
)  # fmt: skip
def test_errors_in_forms_name_file_and_nearest_key(
    tmp_path: Path, name: str, old: str, new: str, says: str
) -> None:
    with pytest.raises(ConfigError) as error:
        read_forms(changed(tmp_path, name, old, new))
    assert says in str(error.value)
    assert ".toml" in str(error.value)
    assert "\n" not in str(error.value)

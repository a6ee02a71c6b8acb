"""Strict access to TOML: every fault names file, key and what would be right.

A `Table` hands out its keys one by one, checked for type; `finish` refuses what was not asked
for. So a form cannot have a key that nothing reads.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, nearest, suggestion, unknown_key
from pipeline.texts import Text


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file with Decimal numbers; BOM allowed (Windows Notepad writes one).

    Raises ConfigError with file and line for what is not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(read_source(path).decode("utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: 不是 UTF-8 编码 (not UTF-8)。请用 UTF-8 保存。") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: 写法不对 (not TOML): {error}") from None


def read_source(path: Path) -> bytes:
    """Return the bytes of a file of the set-up. Raises ConfigError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: 读不了这个文件 (cannot read): {error.strerror}") from None


class Table:
    """One TOML table, read strictly."""

    def __init__(self, where: str, values: object) -> None:
        if not isinstance(values, dict):
            raise ConfigError(f"{where}: 应是一节设置 (a table of keys)，现在是 {values!r}。")
        self.where = where
        self._values: dict[str, Any] = values
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> Iterable[str]:
        """Return the keys that the table has."""
        return self._values.keys()

    def fault(self, key: str, problem: str) -> ConfigError:
        """Return a ConfigError about `key` of this table."""
        return ConfigError(f"{self.where} {key}: {problem}")

    def string(self, key: str, default: str | None = None) -> str:
        """Return a string; required where no default is given."""
        value = self._get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.fault(key, f"应为带引号的文字 (quoted text)，现在是 {value!r}。")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return a string that is one of `choices`."""
        choices = list(choices)
        value = self.string(key, default)
        if value not in choices and value != default:
            hint = suggestion(value, choices)
            raise self.fault(
                key, f"没有 “{value}”，应为 {' / '.join(choices)} 之一 (one of these)。{hint}"
            )
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, f"应为 true 或 false，现在是 {value!r}。")
        return value

    def number(self, key: str, default: Decimal | None = None) -> Decimal | None:
        """Return a number as Decimal, or the default."""
        value = self._get(key, default) if key in self._values else self._note(key, default)
        if value is None or isinstance(value, Decimal):
            return value
        if type(value) is not int:
            raise self.fault(key, f"应为数字 (a number)，现在是 {value!r}。")
        return Decimal(value)

    def whole(self, key: str, default: int) -> int:
        """Return a whole number."""
        value = self._get(key, default)
        if type(value) is not int:
            raise self.fault(key, f"应为整数 (a whole number)，现在是 {value!r}。")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, empty where the key is missing."""
        value = self._get(key, [])
        if not _is_strings(value):
            raise self.fault(
                key, f'应为文字的列表，例如 ["甲", "乙"] (a list of texts)，现在是 {value!r}。'
            )
        return tuple(value)

    def text(self, key: str, default: Text | None = None) -> Text:
        """Return a wording in both languages, written `{ zh = "…", en = "…" }`."""
        value = self._get(key, default)
        if isinstance(value, Text):
            return value
        both = isinstance(value, dict) and value.keys() == {"zh", "en"}
        if not both or not all(isinstance(wording, str) for wording in value.values()):
            raise self.fault(key, f'应写成 {{ zh = "中文", en = "English" }}，现在是 {value!r}。')
        return Text(value["zh"], value["en"])

    def texts(self, key: str) -> tuple[Text, ...]:
        """Return a list of wordings, empty where the key is missing.

        Written `["…", "…"]` where both languages say the same, else `{ zh = ["…"], en = ["…"] }`.
        """
        value = self._get(key, [])
        lists = value if isinstance(value, dict) else {"zh": value, "en": value}
        if lists.keys() != {"zh", "en"} or not all(map(_is_strings, lists.values())):
            raise self.fault(
                key, f'应写成 ["甲", "乙"] 或 {{ zh = ["甲"], en = ["A"] }}，现在是 {value!r}。'
            )
        if len(lists["zh"]) != len(lists["en"]):
            raise self.fault(key, "中文和英文要一样多 (as many in Chinese as in English)。")
        return tuple(map(Text, lists["zh"], lists["en"]))

    def raw(self, key: str, default: Any = None) -> Any:
        """Return the value as TOML gives it; the caller checks it."""
        self._note(key, None)
        return self._values.get(key, default)

    def pairs(self, key: str) -> dict[str, object]:
        """Return values by name, none where the key is missing; the caller checks them."""
        value = self.raw(key, {})
        if not isinstance(value, dict):
            raise self.fault(key, f"应写成 {{ 名称 = 值 }} (a table of pairs)，现在是 {value!r}。")
        return value

    def tables(self, key: str) -> list[Table]:
        """Return the tables of `[[key]]`, each named by its own id, key or place."""
        value = self._get(key, [])
        if not isinstance(value, list):
            raise self.fault(key, f"应写成 [[{key}]] (a list of tables)。")
        return [
            Table(f"{self.where} [[{key}]] {_name(row, n)}", row) for n, row in enumerate(value, 1)
        ]

    def finish(self) -> None:
        """Refuse keys that nothing has asked for."""
        for key in self._values:
            if key not in self._known:
                raise unknown_key(self.where, key, self._known)

    def _note(self, key: str, value: Any) -> Any:
        self._known.append(key)
        return value

    def _get(self, key: str, default: Any) -> Any:
        self._known.append(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            close = nearest(key, [k for k in self._values if k not in self._known])
            hint = f"是否把它写成了 “{close}”？" if close else ""
            raise ConfigError(f"{self.where}: 缺少 “{key}” (missing key)。{hint}")
        return default


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _name(row: object, number: int) -> str:
    if isinstance(row, dict):
        for key in ("id", "key", "value"):
            if isinstance(row.get(key), str):
                return str(row[key])
    return str(number)

"""Settings: `config/union.toml` in, one frozen `Settings` out.

Every setting is declared once, below, with its default and its help; the loader, the shipped file
and the README's table are checked against these declarations. An unknown key or a value of the
wrong type is a ConfigError that names the file, the key and what would be right.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, time
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints
from zoneinfo import ZoneInfo

from pipeline.errors import ConfigError, suggestion, unknown_key
from pipeline.periods import Terms
from pipeline.texts import Lang, Text, one_clean_line
from pipeline.tomltable import read_toml

PASSWORD_VARIABLE = "UNION_MAIL_PASSWORD"


def _setting(default: Any, zh: str, en: str) -> Any:
    return field(default=default, metadata={"help": Text(zh, en)})


@dataclass(frozen=True, slots=True)
class UnionSettings:
    """Who we are."""

    name: str = _setting(
        "", "上级工会的名称，印在汇总表上", "name of the union, printed on summaries"
    )
    root: str = _setting("", "最上级单位的编码（可空）", "code of the tree's root (may be blank)")
    language: Lang = _setting("zh", "所有输出的语言", "language of everything that is written")
    summaries: Literal["all", "root"] = _setting(
        "all", "为哪些上级单位做汇总", "which inner units a run renders a summary for"
    )


@dataclass(frozen=True, slots=True)
class PathSettings:
    """Where things lie, relative to the workspace."""

    inbox: str = _setting(
        "inbox", "收件文件夹", "the shared folder that groups drop workbooks into"
    )
    outputs: str = _setting("outputs", "汇总和回执", "summaries and receipts")
    templates: str = _setting("input_templates", "空白报表", "blank workbooks")
    state: str = _setting(
        "state", "数据库、存档、日志（不共享）", "database, archive, logs; not shared"
    )
    orgunits: str = _setting(
        "config/orgunits.csv", "单位表（.csv 或 .xlsx）", "the organisation tree (.csv or .xlsx)"
    )


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where records are kept."""

    url: str = _setting(
        "", "数据库地址；留空即 state/ 里的 SQLite", "database URL; blank is SQLite in state/"
    )


@dataclass(frozen=True, slots=True)
class PeriodSettings:
    """When workbooks are due."""

    due_days: int = _setting(
        15, "季度结束后几天内算按时", "days after the quarter's end that count as on time"
    )
    term1: str = _setting(
        "09-01", "第一学期（学年）从哪天开始", "first day of a school year and its first term"
    )
    term2: str = _setting("02-01", "第二学期从哪天开始", "first day of the second term")

    @property
    def terms(self) -> Terms:
        """The two terms of a school year; a ValueError where a day is none of every year."""
        first, second = (date.fromisoformat(f"2001-{day}") for day in (self.term1, self.term2))
        return Terms((first.month, first.day), (second.month, second.day))


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When `nightly` works."""

    nightly: str = _setting("02:00", "每晚汇总的时刻", "time of the nightly run")
    timezone: str = _setting("", "时区；留空即本机时区", "time zone; blank is the machine's own")
    intake_minutes: int = _setting(
        10, "两次收件之间隔几分钟（0 = 只在夜里收）", "minutes between intakes; 0 = only at night"
    )


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """How the shared folder is read."""

    settle_seconds: int = _setting(
        60,
        "文件放入后静置几秒才收（0 = 立即）",
        "seconds a file must lie still before it is taken; 0 = at once",
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How messages leave; the password comes only from the environment."""

    host: str = _setting(
        "", "邮件服务器；留空则信件留在发件箱", "mail server; blank keeps messages in the outbox"
    )
    port: int = _setting(
        0, "端口；0 = 按加密方式取 25/587/465", "port; 0 = 25, 587 or 465 by security"
    )
    security: Literal["none", "starttls", "tls"] = _setting(
        "starttls", "加密方式；达不到就不发", "encryption; without it nothing is sent"
    )
    sender: str = _setting("", "发件人地址", "address that messages come from")
    username: str = _setting("", "登录名；留空则不登录", "login name; blank means no login")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Who reads workbooks, and how much is done side by side."""

    engine: Literal["processes", "dask"] = _setting("processes", "并行方式", "kind of workers")
    count: int = _setting(
        0, "并行数（读表、出汇总）；0 = 本机核数", "how many, reading and drawing; 0 = all cores"
    )
    address: str = _setting("", "dask 调度器地址", "address of the dask scheduler")

    @property
    def processes(self) -> int:
        """How many processes of this machine work at once."""
        return self.count or os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What a workbook may cost."""

    max_file_mb: int = _setting(20, "单个文件的上限（MB）", "largest file, in MB")
    max_unpacked_mb: int = _setting(200, "解压后的上限（MB）", "largest unpacked size, in MB")
    max_rows: int = _setting(20_000, "每张表的行数上限", "most rows a sheet")
    max_cells: int = _setting(2_000_000, "每个文件的单元格上限", "most cells a workbook")
    seconds_per_file: int = _setting(20, "读一个文件的时间上限（秒）", "seconds one file may take")


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """What is held back from publication."""

    k: int = _setting(
        1, "小于 k 的人数不公布；1 = 都公布", "counts of persons below k are left blank; 1 = none"
    )


@dataclass(frozen=True, slots=True)
class NarrativeSettings:
    """The Word narrative beside each summary workbook."""

    length: Literal["standard", "short", "none"] = _setting(
        "standard",
        "工作总结（Word）的篇幅：standard 800 至 2000 字，short 一页，none 不做",
        "length of the Word narrative: standard, short (one page) or none",
    )


@dataclass(frozen=True, slots=True)
class SummarySettings:
    """How summaries compare."""

    rank_from: int = _setting(
        10,
        "比率的分母（或会员）不足几人的单位不排名、不着色",
        "rates resting on fewer persons (or members) are neither ranked nor coloured",
    )


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """The self-check and the score of `config/score.toml`."""

    publish: bool = _setting(
        False, "把“五有”自查和打分写进汇总表", "put the self-check and the score into summaries"
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, one attribute a section of `union.toml`."""

    union: UnionSettings = UnionSettings()
    paths: PathSettings = PathSettings()
    database: DatabaseSettings = DatabaseSettings()
    periods: PeriodSettings = PeriodSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    intake: IntakeSettings = IntakeSettings()
    mail: MailSettings = MailSettings()
    workers: WorkerSettings = WorkerSettings()
    limits: LimitSettings = LimitSettings()
    privacy: PrivacySettings = PrivacySettings()
    narrative: NarrativeSettings = NarrativeSettings()
    summary: SummarySettings = SummarySettings()
    score: ScoreSettings = ScoreSettings()


def mail_password() -> str:
    """Return the mail password from the environment, or ""; it is never stored or logged."""
    return os.environ.get(PASSWORD_VARIABLE, "")


def read_settings(path: Path) -> Settings:
    """Read `union.toml`; a missing key takes its default. Raises ConfigError."""
    table = read_toml(path)
    hints = get_type_hints(Settings)
    for name in table:
        if name not in hints:
            raise unknown_key(path.name, f"[{name}]", [f"[{known}]" for known in hints])
    sections = {
        name: _read_section(f"{path.name} [{name}]", hints[name], table[name]) for name in table
    }
    settings = Settings(**sections)
    union = replace(settings.union, name=one_clean_line(settings.union.name))
    settings = replace(settings, union=union)
    _check(path.name, settings)
    return settings


def _read_section(where: str, kind: Any, table: object) -> Any:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: 应是一节设置，下面一行一项 (a section, one key a line)。")
    hints = get_type_hints(kind)
    for key, value in table.items():
        if key not in hints:
            raise unknown_key(where, key, hints)
        _check_type(f"{where} {key}", hints[key], value)
    return kind(**table)


def _check_type(where: str, hint: Any, value: object) -> None:
    choices = get_args(hint)
    if choices:
        if value not in choices:
            raise ConfigError(
                f"{where} 应为 {' / '.join(choices)} 之一，现在是 {value!r} (one of these)。"
                f"{suggestion(str(value), choices)}"
            )
    elif hint is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{where} 应为 true 或 false，现在是 {value!r} (true or false)。")
    elif hint is int:
        if type(value) is not int or value < 0:
            raise ConfigError(f"{where} 应为不小于 0 的整数，现在是 {value!r} (whole number)。")
    elif not isinstance(value, str):
        raise ConfigError(f"{where} 应为带引号的文字，现在是 {value!r} (quoted text)。")


def _check(where: str, settings: Settings) -> None:
    try:
        time.fromisoformat(settings.schedule.nightly)
    except ValueError:
        raise ConfigError(
            f"{where} [schedule] nightly 应写成 02:00，现在是 “{settings.schedule.nightly}” (time of day)。"
        ) from None
    if settings.schedule.timezone:
        try:
            ZoneInfo(settings.schedule.timezone)
        except (KeyError, ValueError, OSError):
            raise ConfigError(
                f"{where} [schedule] timezone 没有 “{settings.schedule.timezone}” 这个时区 (unknown time zone)。"
                "例如 Asia/Shanghai。"
            ) from None
    for key in ("term1", "term2"):
        _check_day(f"{where} [periods] {key}", getattr(settings.periods, key))
    if settings.periods.term1 == settings.periods.term2:
        raise ConfigError(f"{where} [periods] term2 不能和 term1 是同一天 (the same day)。")
    for name in (f.name for f in fields(LimitSettings)):
        if getattr(settings.limits, name) < 1:
            raise ConfigError(f"{where} [limits] {name} 应大于 0 (must be above 0)。")
    if settings.privacy.k < 1:
        raise ConfigError(
            f"{where} [privacy] k 应大于 0；1 = 都公布 (above 0; 1 = nothing withheld)。"
        )
    if settings.workers.engine == "dask" and not settings.workers.address:
        raise ConfigError(
            f'{where} [workers] 写了 engine = "dask" 就要写 address（调度器地址）(address is missing)。'
            "例如 tcp://192.168.1.10:8786。"
        )
    if settings.mail.host and not settings.mail.sender:
        raise ConfigError(
            f"{where} [mail] 写了 host 就要写 sender（发件人地址）(sender is missing)。"
        )


def _check_day(where: str, day: str) -> None:
    # 2001 has no 29 February, on which no term can begin every year.
    try:
        date.fromisoformat(f"2001-{day}")
    except ValueError:
        raise ConfigError(f"{where} 应写成 09-01，现在是 “{day}” (month and day)。") from None

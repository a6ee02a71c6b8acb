"""All of it: a workspace's folder in, the findings out, in the order in which one mends them."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import time

import filelock

from pipeline import __version__
from pipeline.config import mail_password
from pipeline.doctor.check import Check, attention, fault, fine
from pipeline.doctor.clock import check_clock, check_share_clock
from pipeline.doctor.crew import check_crew
from pipeline.doctor.folders import check_folders
from pipeline.doctor.mail import check_addresses, check_mail
from pipeline.doctor.records import check_records, newest_record
from pipeline.errors import PipelineError
from pipeline.intake.scan import scan_inbox
from pipeline.texts import Lang, Text
from pipeline.workspace import LOCK, Workspace, clock_now, open_workspace

_LYING_DAYS = 2


def examine(root: Path, today: datetime | None, lang: Lang | None) -> tuple[list[Check], Lang]:
    """Return everything found, only the set-up where that cannot be used, and in which language
    the workspace wants to be told."""
    checks = [_program()]
    try:
        workspace = open_workspace(root, lang)
    except PipelineError as error:
        todo = Text("请照提示改正，再运行 doctor。", "Correct it and run `doctor` again.")
        return [*checks, fault("config", Text(str(error), str(error)), todo)], lang or "zh"
    return [*checks, *_look_over(workspace, clock_now(workspace, today))], workspace.lang


def _program() -> Check:
    return fine(
        "program",
        f"union-pipeline {__version__}，Python {platform.python_version()}；不需要 Excel 或 LibreOffice",
        f"union-pipeline {__version__}, Python {platform.python_version()}; "
        "neither Excel nor LibreOffice is needed",
    )


def _look_over(workspace: Workspace, now: datetime) -> Iterator[Check]:
    yield _setup(workspace)
    yield from check_folders(workspace.paths)
    yield from check_clock(now, workspace.zone, newest_record(workspace))
    yield from check_share_clock(
        workspace.paths.shown(workspace.paths.inbox), workspace.paths.inbox
    )
    yield from _check_lock(workspace)
    yield from check_records(workspace, now)
    yield from check_crew(workspace)
    yield from _check_inbox(workspace, now)
    yield from check_mail(workspace.settings.mail, mail_password())
    yield from check_addresses(workspace.tree)


def _setup(workspace: Workspace) -> Check:
    forms, units = workspace.forms, workspace.tree.units.values()
    counts = {
        "units": len(units),
        "reporting": sum(unit.reports for unit in units),
        "forms": len(forms.forms),
        "indicators": len(workspace.indicators.by_id),
    }
    words = Text(
        "设置可用：{units} 个单位（{reporting} 个填报），{forms} 张表，{indicators} 项指标",
        "Configuration usable: {units} units ({reporting} report), {forms} forms, "
        "{indicators} indicators",
    ).format(**counts)
    return fine("config", words.zh, words.en)


def _check_lock(workspace: Workspace) -> Iterator[Check]:
    path = workspace.paths.state / LOCK
    if not path.exists():
        return
    try:
        with filelock.FileLock(path).acquire(blocking=False):
            yield fine("lock", "没有别的任务在运行", "No other run is under way")
    except filelock.Timeout:
        yield attention(
            "lock",
            Text("另一个任务正在运行", "Another run is under way"),
            Text(
                "等它结束即可；几个小时都不结束的，重启那台电脑上的 nightly。",
                "Wait for it; if it takes hours, restart `nightly` where it runs.",
            ),
        )
    except OSError as error:
        says = Text(
            f"{path.name}：锁不住（{error.strerror}）",
            f"{path.name}: cannot be locked ({error.strerror})",
        )
        todo = Text("请检查 state 的权限。", "Check the permissions of state.")
        yield fault("lock", says, todo)


def _check_inbox(workspace: Workspace, now: datetime) -> Iterator[Check]:
    inbox = workspace.paths.inbox
    if not inbox.exists():
        return
    settle = workspace.settings.intake.settle_seconds
    try:
        scan = scan_inbox(inbox, now=now, wall_now=time(), settle_seconds=settle)
    except PipelineError:
        return  # told of as a folder that cannot be used
    shown = workspace.paths.shown(inbox)
    old = [f.path for f in scan.found if time() - f.mtime_ns / 1e9 > _LYING_DAYS * 86_400]
    if old:
        named = "、".join(old[:3])
        yield attention(
            "inbox",
            Text(
                f"{shown} 里有 {len(old)} 份文件放了两天以上：{named}",
                f"{len(old)} files in {shown} are days old: {named}",
            ),
            Text(
                "请运行一次 run；还在的话，看看它们是不是被谁打开着，有没有删除权限。",
                "Do a `run`; if they stay, see who has them open and whether they may be removed.",
            ),
        )
    reasons = Counter(item.reason for item in scan.skipped if item.reason != "settling")
    for reason, count in sorted(reasons.items()):
        yield attention(
            "inbox",
            Text(
                f"{shown} 里有 {count} 个不收的东西（{reason}）",
                f"{count} things in {shown} are left alone ({reason})",
            ),
            Text(
                "快捷方式、管道之类不会收；unreadable 的是没有权限，请改权限或移走。",
                "Links and pipes are never taken; what is unreadable lacks a permission.",
            ),
        )

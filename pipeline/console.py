"""What commands print for people: tables and short sentences, colours on a terminal, plain in a log.

rich is loaded when it is first needed: `check`, which is waited for, does without it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.issues import SEVERITY_LABELS
from pipeline.texts import Lang, Text, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from pipeline.checking import Checked
    from pipeline.collect import Watch
    from pipeline.deliver.outbox import Waiting
    from pipeline.deliver.sending import MailResult
    from pipeline.demo.play import Played
    from pipeline.nightly import RunReport
    from pipeline.queries import StatusReport
    from pipeline.summaries.numbers import Value
    from pipeline.summaries.trace import Trace
    from pipeline.workspace import Workspace

STATUS_WORDS = {
    "accepted": Text("已收下", "accepted"),
    "accepted_with_warnings": Text("已收下，有提醒", "accepted with warnings"),
    "rejected": Text("已退回", "rejected"),
    "duplicate": Text("重复", "duplicate"),
    "quarantined": Text("读不了", "quarantined"),
    "closed": Text("已封账", "closed"),
}
STATE_WORDS = {
    "on_time": Text("按时", "on time"),
    "late": Text("迟报", "late"),
    "missing": Text("未报", "missing"),
}
_SCENES_TO_OPEN = 3
_PIPE_WIDTH = 160
_COLOURS = {"error": "red", "warning": "yellow", "info": "bright_black"}
_STATE_STYLES = {"on_time": "green", "late": "yellow", "missing": "red"}


def out() -> Console:
    """Return the console for standard output; a log or a pipe gets plain text, never cut."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(highlight=False, soft_wrap=width is not None, width=width)


def shown(text: str) -> str:
    """Return foreign text as it may be printed: no markup, nothing that steers a terminal."""
    from rich.markup import escape

    return escape(printable(text))


@contextmanager
def progress(*doings: str) -> Iterator[list[Watch]]:
    """Show on standard error, while a person watches, how far each of these is once it has begun;
    nothing in a log."""
    if not sys.stderr.isatty():
        yield [lambda _done, _all: None for _ in doings]
        return
    from rich.console import Console
    from rich.progress import Progress

    def watch(task: TaskID, done: int, total: int) -> None:
        bar.update(task, completed=done, total=total, visible=True, refresh=True)

    # It is drawn as it moves and by no thread of its own, beside which no copies would be made.
    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        tasks = [bar.add_task(doing, total=None, visible=False) for doing in doings]
        yield [partial(watch, task) for task in tasks]


def show_new_workspace(folder: Path, lang: Lang) -> None:
    """Say what to do with a new workspace."""
    steps = Text(
        "工作区已建好：{folder}\n"
        "1. 在 config/orgunits.csv 里换成自己的单位\n"
        "2. 在 config/union.toml 里写上工会名称和邮件服务器\n"
        "3. union-pipeline --workspace {folder} template 生成空白报表，发给各单位\n"
        "4. 填好的报表放进 inbox/，每晚 union-pipeline --workspace {folder} run",
        "Workspace ready: {folder}\n"
        "1. Put your own units into config/orgunits.csv\n"
        "2. Put the union's name and mail server into config/union.toml\n"
        "3. union-pipeline --workspace {folder} template makes blank workbooks to hand out\n"
        "4. Filled ones go into inbox/; every night union-pipeline --workspace {folder} run",
    )
    print(steps.format(folder=folder)[lang])


def show_templates(workspace: Workspace, paths: list[Path]) -> None:
    """Say which blank workbooks were written."""
    words = Text("已生成 {n} 份空白报表：{folder}", "{n} blank workbooks written: {folder}")
    folder = workspace.paths.shown(paths[0].parent) if paths else "-"
    print(words.format(n=len(paths), folder=folder)[workspace.lang])
    for path in paths:
        print(f"  {path.name}")


def show_outputs(workspace: Workspace, paths: list[Path]) -> None:
    """Say which files were rendered anew."""
    if not paths:
        print(Text("汇总表没有变化。", "Nothing has changed.")[workspace.lang])
    for path in paths:
        print(workspace.paths.shown(path))


def show_checked(checked: Iterable[Checked], lang: Lang) -> None:
    """List what was found in each file, errors first."""
    for item in checked:
        submission = item.submission
        period = submission.period.code if submission.period else ""
        status = STATUS_WORDS[submission.status][lang]
        head = " · ".join(filter(None, (item.file, submission.unit, period, status)))
        _print_styled(head, bold=True)
        for severity in ("error", "warning", "info"):
            for issue in submission.issues:
                if issue.severity == severity:
                    place = f"{issue.sheet}!{issue.cell}".strip("!")
                    label = SEVERITY_LABELS[severity][lang]
                    line = f"  {label} {issue.code} {place} {issue.message[lang]}"
                    _print_styled(line, fg=_COLOURS[severity])


def show_run(report: RunReport, lang: Lang) -> None:
    """Say what a run did, a line a file and a few for the whole."""
    console = out()
    for stored, receipt in zip(report.files, report.receipts, strict=True):
        status = STATUS_WORDS[stored.status][lang]
        parts = (stored.path, stored.unit or "", stored.period or "", status, f"→ {receipt}")
        console.print(shown(" · ".join(filter(None, parts))))
    counted = "，".join(
        f"{STATUS_WORDS[status][lang]} {count}" for status, count in report.counts.items() if count
    )
    total = Text("收到 {n} 份报表", "{n} files taken in").format(n=len(report.files))[lang]
    console.print(f"{total}{'：' + counted if counted else ''}", style="bold")
    for path in report.outputs:
        console.print(shown(Text("已更新 {p}", "updated {p}").format(p=path)[lang]))
    show_mail(report.mail, lang)


def show_mail(mail: MailResult, lang: Lang) -> None:
    """Say how the sending went."""
    words = Text(
        "邮件：寄出 {sent}，没寄成 {failed}，还在发件箱 {queued}",
        "Mail: sent {sent}, failed {failed}, waiting {queued}",
    )
    print(words.format(sent=mail.sent, failed=mail.failed, queued=mail.queued)[lang])
    for error in mail.errors:
        print(f"  {error}")


def show_status(report: StatusReport, lang: Lang) -> None:
    """Show who has reported as a table, then who is missing and what waits in the outbox."""
    from rich.table import Table

    console, period = out(), report.period
    words = Text(
        "{period}：应报 {all}，已报 {done}（按时 {on_time}，迟报 {late}，零报告 {nil}），未报 {missing}",
        "{period}: expected {all}, reported {done} (on time {on_time}, late {late}, nil {nil}), "
        "missing {missing}",
    )
    console.print(
        words.format(
            period=period.period,
            all=len(period.units),
            done=period.count("on_time", "late"),
            on_time=period.count("on_time"),
            late=period.count("late"),
            nil=period.nil,
            missing=period.count("missing"),
        )[lang],
        style="bold",
    )
    table = Table(show_edge=False, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading[lang], overflow="fold")
    for unit in period.units:
        table.add_row(
            shown(unit.unit),
            shown(unit.name),
            f"[{_STATE_STYLES[unit.state]}]{STATE_WORDS[unit.state][lang]}[/]",
            STATUS_WORDS[unit.status][lang] if unit.status else "",
            str(unit.version or ""),
            f"{unit.received_at:%m-%d %H:%M}" if unit.received_at else "",
            str(unit.errors or ""),
            str(unit.warnings or ""),
            shown(unit.contact) if unit.state == "missing" else "",
        )
    console.print(table)
    show_outbox(report.outbox, lang)


def show_outbox(letters: Iterable[Waiting], lang: Lang) -> None:
    """Say how many messages wait, and name those that need somebody."""
    letters = list(letters)
    if letters:
        words = Text("发件箱里有 {n} 封信。", "{n} messages wait in the outbox.")
        print(words.format(n=len(letters))[lang])
    for letter in letters:
        if letter.error:
            print(
                f"  {letter.state} · {letter.kind} · {letter.unit} {letter.period} · {letter.error}"
            )


def show_trace(found: Trace, lang: Lang) -> None:
    """List the records behind a number."""
    console = out()
    value = Text("—", "—")[lang] if found.value is None else _plain(found.value)
    console.print(f"{found.indicator} = {value}", style="bold")
    for row in found.rows:
        place = " · ".join(
            str(part) for part in (row.unit, row.file, row.sheet, row.row, row.field) if part
        )
        part = Text("分子", "numerator") if row.part == "numerator" else Text("分母", "denominator")
        console.print(shown(f"  {part[lang]}  {place} = {row.value}"))


def show_demo(played: Played, lang: Lang) -> None:
    """Tell in a few lines what the demo did and which files to open first."""
    console, story = out(), played.story
    files = [stored for report in played.reports for stored in report.files]
    told = Text(
        "演示完成：{units} 个单位，{quarters} 个季度，{files} 份报表，用时 {seconds:.0f} 秒。文件夹：{folder}",
        "Demo done: {units} units, {quarters} quarters, {files} workbooks in {seconds:.0f} s. "
        "Folder: {folder}",
    )
    console.print(
        told.format(
            units=len({stored.unit for stored in files if stored.unit}),
            quarters=len(story.quarters),
            files=len(files),
            seconds=played.seconds,
            folder=played.folder,
        )[lang],
        style="bold",
    )
    console.print(story.newest.label[lang] + Text("里发生了：", ":")[lang])
    for scene in story.scenes:
        console.print(shown(f"  {scene.what[lang]}"))
    console.print(Text("先打开看看：", "Open these first:")[lang], style="bold")
    for path in (played.page, *played.summaries[:1], *played.narratives[:1]):
        console.print(shown(f"  {path.relative_to(played.folder).as_posix()}"))
    for scene in story.scenes[:_SCENES_TO_OPEN]:
        if receipt := played.receipt(scene):
            console.print(shown(f"  {receipt}"))
    again = Text(
        "自己试试：把报表放进 {folder}，再运行 {command}",
        "Try it: drop a workbook into {folder}, then {command}",
    )
    command = f"{_typed_command()} --workspace {_short(played.folder)} run"
    console.print(
        shown(again.format(folder=_short(played.folder / "inbox"), command=command)[lang])
    )


def show_decision(period: str, action: str, changed: bool, lang: Lang) -> None:
    """Say that a period is closed or open now."""
    if action == "close":
        words = Text("{p} 已封账。", "{p} is closed.")
    else:
        words = Text("{p} 已重新开放。", "{p} is open again.")
    if not changed:
        words = Text("{p} 本来就是这样。", "{p} was so already.")
    print(words.format(p=period)[lang])


def _print_styled(line: str, *, fg: str = "", bold: bool = False) -> None:
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        click.secho(printable(line), fg=fg or None, bold=bold)
    else:
        print(printable(line))


def _typed_command() -> str:
    """Return how the program is called where it was not installed for everybody."""
    beside = Path(__file__).resolve().parent.parent / "go.py"
    if not beside.is_file():
        return "union-pipeline"
    return f"{'py' if os.name == 'nt' else 'python3'} {_short(beside)}"


def _plain(value: Value) -> str:
    return f"{float(value):.4f}" if isinstance(value, Fraction) else f"{value:,}"


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


_HEADINGS = (
    Text("编码", "Code"),
    Text("单位", "Unit"),
    Text("报送", "State"),
    Text("最近一份", "Newest"),
    Text("版本", "Version"),
    Text("收到", "Received"),
    Text("错误", "Errors"),
    Text("提醒", "Warnings"),
    Text("联系人", "Contact"),
)

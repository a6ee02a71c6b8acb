"""What the commands that look after a workspace print: `rebuild` and `doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.console import STATUS_WORDS, out, shown
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from pipeline.doctor.check import Check
    from pipeline.rebuild import Rebuilt
    from pipeline.workspace import Workspace

_LEVELS = {
    "ok": (Text("正常", "ok   "), "green"),
    "attention": (Text("注意", "note "), "yellow"),
    "fault": (Text("故障", "FAULT"), "bold red"),
}
_SUM = Text("{faults} 处故障，{notes} 处注意。", "{faults} fault(s), {notes} to look at.")
_SHOWN = 20  # of each kind; the rest is only counted
_MORE = Text("  ……另有 {n} 项", "  … and {n} more")
_ASIDE = Text("数据库已损坏，移到了 {path}", "The database was damaged; it is now at {path}")
_UNTOLD = Text(
    "存档记录里缺第 {numbers} 份文件的记录。请从备份找回 state/archive/chronicle.jsonl。",
    "The chronicle does not tell of files {numbers}. Find an older copy of "
    "state/archive/chronicle.jsonl.",
)
_LOST = Text(
    "存档里没有这份文件的原件，或原件已被改动：", "Bytes missing or altered in the archive:"
)
_DIFFERENT = Text(
    "重读原件，数字与收下时不同（当时 → 现在）：",
    "Read again, these come to other numbers (then → now):",
)
_OTHERWISE = Text(
    "按现在的规则会有另一种结果（保留当时的结果，不影响数字）：",
    "Would be judged otherwise today (what was recorded stays, no number changes):",
)
_DONE = Text("数据库已按存档重建：{n} 份文件。", "The database was made again: {n} files.")
_REHEARSED = Text("演练完毕，什么都没有改：{n} 份文件。", "Rehearsed, nothing changed: {n} files.")
_EQUAL = Text("全部数字与当时相同。", "Every number is what it was.")
_KEPT = Text(
    "数据库没有改动。请把 config/ 里的表样、选项恢复成当时的样子再试；确认就用现在读出来的数字，加 --accept。",
    "The database was not changed. Put forms and choices in config/ back as they were and try "
    "again; to take the numbers as they are read now, add --accept.",
)


def show_checks(checks: Sequence[Check], lang: Lang) -> None:
    """Print one line a finding, what to do about it below, and a sum at the end."""
    console = out()
    for check in checks:
        word, style = _LEVELS[check.level]
        console.print(f"[{style}]{word[lang]}[/]  {shown(check.says[lang])}")
        if check.todo[lang]:
            console.print(f"      → {shown(check.todo[lang])}")
    faults = sum(check.level == "fault" for check in checks)
    notes = sum(check.level == "attention" for check in checks)
    console.print(_SUM.format(faults=faults, notes=notes)[lang], style="bold")


def show_rebuilt(workspace: Workspace, found: Rebuilt) -> None:
    """Say what a rebuilding came to, what differs and what to do about it."""
    lang = workspace.lang
    if found.aside is not None:
        _say(_ASIDE.format(path=workspace.paths.shown(found.aside))[lang])
    if found.untold:
        _say(_UNTOLD.format(numbers=" ".join(map(str, found.untold[:_SHOWN])))[lang])
    _list(_LOST, [f"  {file}" for file in found.lost], lang)
    differences = [
        f"  {d.file} · {d.form[lang]} · {d.what[lang]}: {d.then} → {d.now}"
        for d in found.differences
    ]
    _list(_DIFFERENT, differences, lang)
    otherwise = [
        f"  {o.file}: {STATUS_WORDS[o.then][lang]} → {STATUS_WORDS[o.now][lang]}"
        for o in found.otherwise
    ]
    _list(_OTHERWISE, otherwise, lang)
    if found.is_equal:
        _say(_EQUAL[lang])
    if not (found.is_equal or found.done):
        _say(_KEPT[lang])
    else:
        _say((_DONE if found.done else _REHEARSED).format(n=found.files)[lang])


def _list(heading: Text, lines: Sequence[str], lang: Lang) -> None:
    if lines:
        _say(heading[lang])
    for line in lines[:_SHOWN]:
        _say(line)
    if len(lines) > _SHOWN:
        _say(_MORE.format(n=len(lines) - _SHOWN)[lang])


def _say(line: str) -> None:
    out().print(shown(line))

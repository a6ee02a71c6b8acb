"""The commands: what was typed in, work done elsewhere, an exit status out.

`--workspace`, `--today` and `--lang` may stand before or after the command's name. A fault of the
set-up is one line on standard error and its exit status, never a traceback. With `--json` standard
output holds the one value and nothing else. Each command imports what it needs when it runs, so
that `--help` is there at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.cli_options import (
    as_sent_option,
    dry_run_option,
    json_option,
    period_option,
    required_period,
    unit_option,
)
from pipeline.errors import PipelineError, SystemFault
from pipeline.texts import Lang

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

COMMON = ("--workspace", "--today", "--lang")
_EPILOG = (
    "--workspace、--today、--lang 写在命令前后都行。"
    " They go before or after the command's name; see union-pipeline --help."
)


@dataclass(frozen=True, slots=True)
class Common:
    """The options of every command."""

    root: Path
    today: datetime | None
    lang: Lang | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console or log in another encoding must not end a run: names may hold anything.
            stream.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(hoist_common(typed), prog_name="union-pipeline", standalone_mode=False)
    except PipelineError as error:
        return _complain(str(error), error.exit_status)
    except click.ClickException as error:
        return _complain(f"{error.format_message()} (usage; see --help)", 2)
    except (click.Abort, KeyboardInterrupt):
        return _complain("已中断 (interrupted)。", 130)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        sys.stderr.close()
        return 0
    except OSError as error:
        return _complain(str(SystemFault.of(error)), SystemFault.exit_status)
    return status if isinstance(status, int) else 0


def hoist_common(arguments: list[str]) -> list[str]:
    """Move the options of every command to the front, where the parser expects them.

    >>> hoist_common(["run", "--json", "--today", "2026-10-08", "--lang=en"])
    ['--today', '2026-10-08', '--lang=en', 'run', '--json']
    """
    front: list[str] = []
    rest: list[str] = []
    pending = iter(arguments)
    for argument in pending:
        if argument == "--":
            rest += [argument, *pending]
        elif argument in COMMON:
            front += [argument, *([value] if (value := next(pending, None)) is not None else [])]
        elif argument.startswith(tuple(f"{name}=" for name in COMMON)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="COMMAND --help 看每个命令的选项。 COMMAND --help shows the options of a command.",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="工作区文件夹，默认当前文件夹。 The workspace; default: the current folder.",
)
@click.option(
    "--today",
    default="",
    metavar="YYYY-MM-DD[THH:MM]",
    help="把这一刻当作现在。 Take this for now; without a time, the end of that day.",
)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    help="语言，默认按设置。 The language; default: as set in union.toml.",
)
@click.version_option(__version__)
@click.pass_context
def cli(context: click.Context, workspace: Path, today: str, lang: Lang | None) -> None:
    """工会季度报表：发表、收表、核对、汇总、寄出。

    Union workbooks: handed out, taken in, checked, added up and delivered.
    """
    from pipeline.workspace import parse_today

    context.obj = Common(workspace, parse_today(today) if today else None, lang)


@cli.command(epilog=_EPILOG)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def init(common: Common, folder: Path) -> None:
    """新建一个工作区，带全部默认配置。 Make a new workspace with the shipped configuration."""
    from pipeline import console
    from pipeline.workspace import init_workspace

    console.show_new_workspace(init_workspace(folder), common.lang or "zh")


@cli.command(epilog=_EPILOG)
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("demo"))
@click.pass_obj
def demo(common: Common, folder: Path) -> None:
    """造一个示例工会，把整个流程跑一遍。 Run the whole job on a sample union."""
    from pipeline import console
    from pipeline.demo.play import run_demo

    lang = common.lang or "zh"
    with console.progress("收件 taking in") as (watch,):
        played = run_demo(folder, common.today, lang, watch)
    console.show_demo(played, lang)


@cli.command(epilog=_EPILOG)
@period_option
@unit_option
@click.pass_obj
def template(common: Common, period: str, unit: str) -> None:
    """生成空白报表，默认当前季度、全部填报单位。 Write blank workbooks, by default for this quarter."""
    from pipeline import console
    from pipeline.handouts import write_templates

    workspace, now = _open(common)
    console.show_templates(workspace, write_templates(workspace, now, period, unit))


@cli.command(epilog=_EPILOG)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@json_option
@click.pass_obj
def check(common: Common, files: tuple[Path, ...], as_json: bool) -> int:
    """检查报表，不收件；有错误时返回 1。 Validate without taking in; exit 1 if any has an error."""
    from pipeline.checking import check_files

    workspace, now = _open(common, adds_up=False)
    checked = check_files(workspace, now, list(files))
    if as_json:
        _print_json([item.as_json(workspace.lang) for item in checked])
    else:
        from pipeline import console

        console.show_checked(checked, workspace.lang)
    return int(any(item.failed for item in checked))


@cli.command(epilog=_EPILOG)
@period_option
@json_option
@click.option("--no-mail", is_flag=True, help="信件只放进发件箱。 Only queue messages.")
@dry_run_option
@click.pass_obj
def run(common: Common, period: str, as_json: bool, no_mail: bool, dry_run: bool) -> int:
    """夜间任务跑一遍：收件、核对、回执、汇总、寄出。 The nightly consolidation, once."""
    from pipeline import console
    from pipeline.nightly import Options
    from pipeline.nightly import run as run_once

    workspace, now = _open(common)
    options = Options(period, mail=not no_mail, dry_run=dry_run)
    with console.progress("收件 taking in", "出汇总 drawing") as (watch, watch_drawing):
        report = run_once(workspace, now, options, watch, watch_drawing)
    if as_json:
        _print_json(report.as_json())
    else:
        console.show_run(report, workspace.lang)
    for problem in report.problems:
        _complain(problem, 2)
    return 2 if report.problems else int(report.mail.failed > 0)


@cli.command(epilog=_EPILOG)
@period_option
@json_option
@click.pass_obj
def status(common: Common, period: str, as_json: bool) -> None:
    """谁报了、谁没报；发件箱里有什么。 Who has reported; what is in the outbox."""
    from pipeline.queries import ask_status

    workspace, now = _open(common)
    found = ask_status(workspace, now, period)
    if as_json:
        _print_json(found.as_json())
    else:
        from pipeline import console

        console.show_status(found, workspace.lang)


@cli.command(epilog=_EPILOG)
@required_period
@unit_option
@as_sent_option
@click.pass_obj
def summarize(common: Common, period: str, unit: str, as_sent: str) -> None:
    """按已收的数据重做汇总表。 Render summaries again from what is stored."""
    from pipeline import console
    from pipeline.nightly import summarize as summarize_again

    workspace, now = _open(common)
    if as_sent:
        from pipeline.queries import fetch_sent

        _, path = fetch_sent(workspace, period, unit, as_sent, Path.cwd())
        console.show_outputs(workspace, [path])
        return
    with console.progress("出汇总 drawing") as (watch,):
        changed = summarize_again(workspace, now, period, unit, watch)
    console.show_outputs(workspace, changed)


@cli.command(epilog=_EPILOG)
@dry_run_option
@click.pass_obj
def send(common: Common, dry_run: bool) -> int:
    """把发件箱里的信寄出，退信也再试一次。 Empty the outbox; refused messages are tried again."""
    from pipeline import console
    from pipeline.nightly import send_waiting

    workspace, now = _open(common)
    result = send_waiting(workspace, now, dry_run=dry_run)
    console.show_mail(result, workspace.lang)
    return int(result.failed > 0)


@cli.command(epilog=_EPILOG)
@click.argument("indicator", metavar="INDICATOR")
@required_period
@click.option("--unit", required=True, metavar="U", help="单位编码。 The unit's code.")
@json_option
@click.pass_obj
def trace(common: Common, indicator: str, period: str, unit: str, as_json: bool) -> None:
    """一个数字来自哪些表、哪些行。 The file, sheet, row and value of every record behind a number."""
    from pipeline.queries import trace_number

    workspace, _ = _open(common)
    found = trace_number(workspace, period, unit, indicator)
    if as_json:
        _print_json(found.as_json())
    else:
        from pipeline import console

        console.show_trace(found, workspace.lang)


@cli.command(epilog=_EPILOG)
@required_period
@unit_option
@json_option
@click.pass_obj
def score(common: Common, period: str, unit: str, as_json: bool) -> None:
    """“五有”自查和打分，每一分从哪来。 The self-check and score of units, each point explained."""
    from pipeline import console_score, scoring

    workspace, _ = _open(common)
    found = scoring.ask_scores(workspace, period, unit)
    if as_json:
        _print_json([scoring.as_json(score, workspace.lang) for score in found])
    else:
        console_score.show_scores(found, workspace.lang, explained=bool(unit))


@cli.command(epilog=_EPILOG)
@required_period
@click.pass_obj
def close(common: Common, period: str) -> None:
    """封账：此后收到该期的报表一律不计。 Close a period; later workbooks of it do not count."""
    _decide(common, period, "close")


@cli.command(epilog=_EPILOG)
@required_period
@click.pass_obj
def reopen(common: Common, period: str) -> None:
    """重新开放已封账的报告期。 Open a closed period again."""
    _decide(common, period, "reopen")


@cli.command(epilog=_EPILOG)
@json_option
@click.pass_obj
def doctor(common: Common, as_json: bool) -> int:
    """检查文件夹、数据库、邮件、时钟等是否可用，并说怎么办。 Look over everything a night needs."""
    from pipeline.doctor.examine import examine

    found, lang = examine(common.root, common.today, common.lang)
    if as_json:
        _print_json([check.as_json(lang) for check in found])
    else:
        from pipeline.console_care import show_checks

        show_checks(found, lang)
    return int(any(check.level == "fault" for check in found))


@cli.command(epilog=_EPILOG)
@dry_run_option
@click.option(
    "--accept",
    is_flag=True,
    help="重读出来的数字与当时不同也照新的重建。 Rebuild even where a number is not what it was.",
)
@click.pass_obj
def rebuild(common: Common, dry_run: bool, accept: bool) -> int:
    """按存档重建数据库；数字与当时不同时返回 1。 Make the database again from the archive."""
    from pipeline.console import progress
    from pipeline.console_care import show_rebuilt
    from pipeline.rebuild import rebuild as rebuild_database

    workspace, now = _open(common)
    with progress("重建 rebuilding") as (watch,):
        found = rebuild_database(workspace, now, watch, rehearse=dry_run, accept=accept)
    show_rebuilt(workspace, found)
    return int(not found.is_equal and not found.done)


@cli.command(epilog=_EPILOG)
@click.pass_obj
def nightly(common: Common) -> int:
    """常驻：到点跑夜间任务，其间隔几分钟收一次件。 Stay up: run at the set time, intake between."""
    from pipeline.ticker import stay_up

    return stay_up(common.root, common.lang)


def _decide(common: Common, period: str, action: str) -> None:
    from pipeline import console
    from pipeline.nightly import decide_period

    workspace, now = _open(common)
    changed = decide_period(workspace, now, period, action)
    console.show_decision(period, action, changed, workspace.lang)


def _open(common: Common, *, adds_up: bool = True) -> tuple[Workspace, datetime]:
    from pipeline.workspace import clock_now, open_workspace

    workspace = open_workspace(common.root, common.lang, adds_up=adds_up)
    return workspace, clock_now(workspace, common.today)


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    print()


def _complain(line: str, status: int) -> int:
    print(" ".join(line.split()), file=sys.stderr)
    return status

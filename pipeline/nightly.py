"""The job itself: take in, judge, store, hand back, add up, render, send.

`run` is the whole of it and reads like the product's summary. It may be killed anywhere and begun
again; what it has done it does not do twice.
"""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from pipeline.collect import Collected, Collector, Watch
from pipeline.config import mail_password
from pipeline.deliver.outbox import Retry, count_waiting
from pipeline.deliver.sending import MailResult, send_outbox
from pipeline.errors import UsageError, nearest
from pipeline.logs import LOG, log_to
from pipeline.notify import queue_receipts
from pipeline.periods import Period, last_ended, parse_period
from pipeline.publish import Publisher
from pipeline.records import journal
from pipeline.records.lifecycle import Run, Stored
from pipeline.records.store import Store, open_store
from pipeline.workspace import Workspace, hold

STATUSES = (
    "accepted",
    "accepted_with_warnings",
    "rejected",
    "duplicate",
    "quarantined",
    "closed",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: one period or all that need it, with or without sending, for real or not."""

    period: str = ""
    mail: bool = True
    dry_run: bool = False
    render: bool = True
    retry: Retry = "queued"


@dataclass(frozen=True)
class RunReport:
    """What a run did; paths of receipts and outputs are relative to the workspace."""

    run_id: str
    period: str
    periods: tuple[str, ...]
    files: tuple[Stored, ...]
    receipts: tuple[str, ...]
    outputs: tuple[str, ...]
    mail: MailResult = field(default_factory=lambda: MailResult(0))

    @property
    def counts(self) -> dict[str, int]:
        """How many files got each status."""
        counted = Counter[str](stored.status for stored in self.files)
        return {status: counted[status] for status in STATUSES}

    def as_json(self) -> dict[str, object]:
        """Return the object that `run --json` prints."""
        return {
            "run_id": self.run_id,
            "period": self.period,
            "periods": list(self.periods),
            "files": [
                _file_json(s, receipt) for s, receipt in zip(self.files, self.receipts, strict=True)
            ],
            "counts": self.counts,
            "outputs": list(self.outputs),
            "mail": {
                "queued": self.mail.queued,
                "sent": self.mail.sent,
                "failed": self.mail.failed,
            },
        }


def run(workspace: Workspace, now: datetime, options: Options, watch: Watch) -> RunReport:
    """Do the nightly consolidation once. Raises WorkspaceBusy, UsageError or ConfigError."""
    asked = parse_quarter(options.period) if options.period else None
    with nullcontext() if options.dry_run else hold(workspace):
        store = _open_store(workspace, now, options.dry_run)
        try:
            with nullcontext() if options.dry_run else log_to(workspace.paths.state):
                return _run(workspace, store, now, options, asked, watch)
        finally:
            store.close()


def _run(
    workspace: Workspace,
    store: Store,
    now: datetime,
    options: Options,
    asked: Period | None,
    watch: Watch,
) -> RunReport:
    run_id = _next_run_id(store, now)
    journal.begin_run(store, run_id, now)
    this_run = Run(run_id, now, workspace.digest)
    collected = Collector(workspace, store, this_run, options.dry_run).collect(watch)
    _log_files(collected)
    if not options.dry_run:
        queue_receipts(workspace, store, now)
    journal.finish_scan(store, run_id, now)
    periods: list[str] = []
    outputs: list[Path] = []
    if options.render:
        periods, outputs = _render(workspace, store, now, asked, options.dry_run)
        journal.finish_run(store, run_id, now)
    report = RunReport(
        run_id,
        (asked or last_ended(now.date())).code,
        tuple(periods),
        collected.files,
        tuple(workspace.paths.shown(workspace.paths.outputs / s.receipt) for s in collected.files),
        tuple(map(workspace.paths.shown, outputs)),
        _send(workspace, store, now, options),
    )
    _log_run(report)
    return report


def _render(
    workspace: Workspace, store: Store, now: datetime, asked: Period | None, rehearse: bool
) -> tuple[list[str], list[Path]]:
    """Render what needs it; return the periods that were and the files that changed."""
    publisher = Publisher(workspace, store, now, rehearse)
    if asked is not None:
        outputs = publisher.publish(asked)
        journal.mark_rendered(store, [asked.code])
        return [asked.code], outputs
    touched = journal.touched_periods(store)
    rendered, outputs = [], []
    for period, is_due in _periods_to_render(store, touched, last_ended(now.date())):
        written = publisher.publish(period)
        outputs += written
        if is_due or written:
            rendered.append(period.code)
    journal.mark_rendered(store, touched)
    return rendered, outputs


def _periods_to_render(
    store: Store, touched: Iterable[str], ended: Period
) -> list[tuple[Period, bool]]:
    """Return the periods to look at, in time; True for those that are due in any case.

    A workbook changes later summaries too, where they compare with its period or count its
    activities towards a plan. Nothing reaches further than the same quarter of the next year.
    """
    due = {ended}
    later: set[Period] = set()
    for period in filter(None, map(parse_period, touched)):
        if period.is_quarter:
            due.add(period)
        reach = _quarters_from(period)
        later.update(p for p in reach if journal.read_outputs(store, p.code))
    return sorted([*((p, True) for p in due), *((p, False) for p in later - due)])


def _quarters_from(period: Period) -> list[Period]:
    first = period if period.is_quarter else Period.quarter(period.start.year, 1)
    quarters = [first]
    while len(quarters) < (5 if period.is_quarter else 8):
        quarters.append(quarters[-1].following())
    return quarters


def summarize(workspace: Workspace, now: datetime, period: str, unit: str = "") -> list[Path]:
    """Render the summaries of a period again from what is stored; return the files that changed."""
    quarter = parse_quarter(period)
    if unit:
        require_unit(workspace, unit)
        if unit not in [u.code for u in workspace.tree.inner(quarter.end)]:
            raise UsageError(
                f"{unit} 没有下级单位，没有汇总表 (no units below it, so no summary)。"
            )
    with hold(workspace):
        store = _open_store(workspace, now)
        try:
            return Publisher(workspace, store, now).publish(quarter, [unit] if unit else [], False)
        finally:
            store.close()


def send_waiting(workspace: Workspace, now: datetime, *, dry_run: bool = False) -> MailResult:
    """Empty the outbox, messages that were refused before included."""
    with nullcontext() if dry_run else hold(workspace):
        store = _open_store(workspace, now, dry_run)
        try:
            return _send(workspace, store, now, Options(dry_run=dry_run, retry="all"))
        finally:
            store.close()


def decide_period(workspace: Workspace, now: datetime, period: str, action: str) -> bool:
    """Close or reopen a period; False where it was so already. Logged with who and when."""
    found = parse_period(period)
    if found is None:
        raise _no_period(period)
    decide = journal.close_period if action == "close" else journal.reopen_period
    with hold(workspace):
        store = _open_store(workspace, now)
        try:
            with log_to(workspace.paths.state):
                who = getpass.getuser()
                changed = decide(store, found.code, who, now)
                LOG.info("%s %s by %s", action, found.code, who)
                return changed
        finally:
            store.close()


def parse_quarter(text: str) -> Period:
    """Read a quarter given on the command line. Raises UsageError."""
    period = parse_period(text)
    if period is None or not period.is_quarter:
        raise _no_period(text)
    return period


def require_unit(workspace: Workspace, code: str) -> None:
    """Raise UsageError, naming the nearest unit, for a code that is not in the tree."""
    if code not in workspace.tree.units:
        close = nearest(code, workspace.tree.units)
        hint = f"是否想写 {close}？" if close else ""
        raise UsageError(f"单位表里没有 {code} (unknown unit)。{hint}")


def _no_period(text: str) -> UsageError:
    return UsageError(f"“{text}” 不是报告期，请写成 2026Q3 这样 (not a period)。")


def _open_store(workspace: Workspace, now: datetime, rehearse: bool = False) -> Store:
    url, state = workspace.settings.database.url, workspace.paths.state
    return open_store(url, workspace.forms, state, now=now, rehearse=rehearse)


def _next_run_id(store: Store, now: datetime) -> str:
    with store.reading() as connection:
        before = connection.scalar(select(func.count()).select_from(store.tables.runs)) or 0
    return f"{now:%Y%m%dT%H%M%S}-{before + 1}"


def _send(workspace: Workspace, store: Store, now: datetime, options: Options) -> MailResult:
    messages = store.tables.messages
    if not options.mail or options.dry_run:
        with store.reading() as connection:
            return MailResult(count_waiting(connection, messages))
    result = send_outbox(
        store.engine,
        messages,
        workspace.settings.mail,
        mail_password(),
        now,
        sender_name=workspace.settings.union.name,
        retry=options.retry,
    )
    for error in result.errors:
        LOG.warning("mail: %s", error)
    return result


def _log_files(collected: Collected) -> None:
    for skipped in collected.skipped:
        LOG.info("left alone: %s (%s)", skipped.path, skipped.reason)
    for stored in collected.files:
        LOG.info(
            "file: %s -> %s %s %s version=%s errors=%d warnings=%d",
            stored.path,
            stored.status,
            stored.unit or "-",
            stored.period or "-",
            stored.version or "-",
            stored.errors,
            stored.warnings,
        )


def _log_run(report: RunReport) -> None:
    counted = " ".join(f"{status}={count}" for status, count in report.counts.items())
    mail = report.mail
    LOG.info(
        "run %s: %s outputs=%d mail sent=%d failed=%d queued=%d",
        report.run_id,
        counted,
        len(report.outputs),
        mail.sent,
        mail.failed,
        mail.queued,
    )


def _file_json(stored: Stored, receipt: str) -> dict[str, object]:
    return {
        "file": stored.path,
        "sha256": stored.sha256,
        "unit": stored.unit,
        "period": stored.period,
        "version": stored.version,
        "status": stored.status,
        "errors": stored.errors,
        "warnings": stored.warnings,
        "receipt": receipt,
    }

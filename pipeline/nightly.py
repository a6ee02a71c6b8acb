"""The job itself: take in, judge, store, hand back, add up, render, send.

`run` is the whole of it and reads like the product's summary. It may be killed anywhere and begun
again; what it has done it does not do twice.
"""

from __future__ import annotations

import getpass
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from pipeline.collect import Collected, Collector, Watch
from pipeline.config import mail_password
from pipeline.deliver.outbox import Retry, count_waiting
from pipeline.deliver.sending import MailResult, send_outbox
from pipeline.errors import ConfigError, UsageError, suggestion
from pipeline.logs import LOG, log_to
from pipeline.notify import queue_receipts
from pipeline.periods import Period, last_ended, parse_period, parse_span
from pipeline.publish import Publisher, unwatched
from pipeline.records import journal
from pipeline.records.chronicle import Chronicle, catch_up, message_fact, run_fact
from pipeline.records.lifecycle import Run, Stored
from pipeline.records.store import Store, open_store
from pipeline.summaries.history import QUARTERS
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
    """What a run did; paths of receipts and outputs are relative to the workspace.

    `problems` are faults in the set-up that it went on in spite of.
    """

    run_id: str
    period: str
    periods: tuple[str, ...]
    files: tuple[Stored, ...]
    receipts: tuple[str, ...]
    outputs: tuple[str, ...]
    mail: MailResult = field(default_factory=lambda: MailResult(0))
    problems: tuple[str, ...] = ()

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
            "problems": list(self.problems),
        }


def run(
    workspace: Workspace,
    now: datetime,
    options: Options,
    watch: Watch,
    watch_drawing: Watch = unwatched,
) -> RunReport:
    """Do the nightly consolidation once. Raises WorkspaceBusy, UsageError or ConfigError.

    `watch` is told how many files of how many have been taken in, `watch_drawing` of each period
    how many outputs have been drawn.
    """
    asked = parse_asked(workspace, options.period) if options.period else None
    with (
        _working(workspace, now, options.dry_run) as store,
        nullcontext() if options.dry_run else log_to(workspace.paths.state),
    ):
        publisher = Publisher(workspace, store, now, options.dry_run, watch_drawing)
        return _run(workspace, store, now, options, asked, watch, publisher)


def _run(
    workspace: Workspace,
    store: Store,
    now: datetime,
    options: Options,
    asked: Period | None,
    watch: Watch,
    publisher: Publisher,
) -> RunReport:
    run_id = _next_run_id(store, now)
    journal.begin_run(store, run_id, now)
    this_run = Run(run_id, now, workspace.digest)
    collected = Collector(workspace, store, this_run, options.dry_run).collect(watch)
    _log_files(collected)
    if not options.dry_run:
        queue_receipts(workspace, store, now)
    journal.finish_scan(store, run_id, now, collected.held)
    periods: list[str] = []
    outputs: list[Path] = []
    if options.render:
        periods, outputs = _render(publisher, asked)
        journal.finish_run(store, run_id, now)
    if not options.dry_run:
        Chronicle(workspace.paths.state).append([run_fact(store, run_id)])
    report = RunReport(
        run_id,
        (asked or last_ended(now.date())).code,
        tuple(periods),
        collected.files,
        tuple(workspace.paths.shown(workspace.paths.outputs / s.receipt) for s in collected.files),
        tuple(map(workspace.paths.shown, outputs)),
        _send(workspace, store, now, options),
        tuple(publisher.problems),
    )
    _log_run(report)
    return report


def _render(publisher: Publisher, asked: Period | None) -> tuple[list[str], list[Path]]:
    """Render what needs it; return the periods that were and the files that changed."""
    store = publisher.store
    if asked is not None:
        outputs = publisher.publish(asked)
        if asked.is_quarter:  # the code of a year is that of its plans, too
            journal.mark_rendered(store, [asked.code])
        return [asked.code], outputs
    touched = journal.touched_periods(store)
    rendered, outputs = [], []
    quarters = _periods_to_render(store, touched, last_ended(publisher.now.date()))
    spans = _spans_to_render(publisher.workspace, store, [quarter for quarter, _ in quarters])
    for period, is_due in [*quarters, *((span, False) for span in spans)]:
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
    activities towards a plan. Nothing reaches further than a trend goes back.
    """
    due = {ended}
    later: set[Period] = set()
    for period in filter(None, map(parse_period, touched)):
        if period.is_quarter:
            due.add(period)
        reach = _quarters_from(period)
        later.update(p for p in reach if journal.read_outputs(store, p.code))
    return sorted([*((p, True) for p in due), *((p, False) for p in later - due)])


def _spans_to_render(
    workspace: Workspace, store: Store, quarters: Iterable[Period]
) -> list[Period]:
    """Return the longer periods that somebody has summarised and that these quarters are part of."""
    terms = workspace.settings.periods.terms
    rendered = (parse_span(code, terms) for code in journal.rendered_periods(store))
    spans = (span for span in rendered if span and not span.is_quarter)
    looked_at = set(quarters)
    return sorted(span for span in spans if looked_at.intersection(span.quarters))


def _quarters_from(period: Period) -> list[Period]:
    first = period if period.is_quarter else Period.quarter(period.start.year, 1)
    quarters = [first]
    while len(quarters) < (QUARTERS if period.is_quarter else 2 * QUARTERS - 1):
        quarters.append(quarters[-1].following())
    return quarters


def summarize(
    workspace: Workspace, now: datetime, period: str, unit: str = "", watch: Watch = unwatched
) -> list[Path]:
    """Render the summaries of a period again from what is stored; return the files that changed."""
    asked = parse_asked(workspace, period)
    if unit:
        require_unit(workspace, unit)
        if unit not in [u.code for u in workspace.tree.inner(asked.end)]:
            raise UsageError(
                f"{unit} 没有下级单位，没有汇总表 (no units below it, so no summary)。"
            )
    with _working(workspace, now) as store:
        publisher = Publisher(workspace, store, now, watch=watch)
        changed = publisher.publish(asked, [unit] if unit else [], False)
    for problem in publisher.problems:
        raise ConfigError(problem)  # all else is done
    return changed


def send_waiting(workspace: Workspace, now: datetime, *, dry_run: bool = False) -> MailResult:
    """Empty the outbox, messages that were refused before included."""
    with _working(workspace, now, dry_run) as store:
        return _send(workspace, store, now, Options(dry_run=dry_run, retry="all"))


def decide_period(workspace: Workspace, now: datetime, period: str, action: str) -> bool:
    """Close or reopen a period; False where it was so already. Logged with who and when."""
    found = parse_period(period)
    if found is None:
        raise _no_period(period)
    with _working(workspace, now) as store, log_to(workspace.paths.state):
        return _decide(workspace, store, found.code, action, now)


def _decide(workspace: Workspace, store: Store, period: str, action: str, now: datetime) -> bool:
    if (period in journal.closed_periods(store)) == (action == "close"):
        return False
    who = getpass.getuser()
    fact = {"period": period, "action": action, "at": now.isoformat(), "who": who}
    Chronicle(workspace.paths.state).append([fact])
    decide = journal.close_period if action == "close" else journal.reopen_period
    LOG.info("%s %s by %s", action, period, who)
    return decide(store, period, who, now)


def parse_asked(workspace: Workspace, text: str) -> Period:
    """Read a quarter, or a longer period, given on the command line. Raises UsageError."""
    period = parse_span(text, workspace.settings.periods.terms)
    if period is None:
        raise UsageError(
            f"“{text}” 不是报告期，请写成 2026Q3，或 2026H1、2026、2025-2026S1 这样 (not a period)。"
        )
    return period


def require_unit(workspace: Workspace, code: str) -> None:
    """Raise UsageError, naming the nearest unit, for a code that is not in the tree."""
    if code not in workspace.tree.units:
        hint = suggestion(code, workspace.tree.units)
        raise UsageError(f"单位表里没有 {code} (unknown unit)。{hint}")


def _no_period(text: str) -> UsageError:
    return UsageError(f"“{text}” 不是报告期，请写成 2026Q3 这样 (not a period)。")


@contextmanager
def _working(workspace: Workspace, now: datetime, rehearse: bool = False) -> Iterator[Store]:
    """Hold the workspace and give its records, in step with the archive.

    Raises WorkspaceBusy; ConfigError where the database is older than the archive.
    """
    url, state = workspace.settings.database.url, workspace.paths.state
    with hold(workspace, rehearse):
        store = open_store(url, workspace.forms, state, now=now, rehearse=rehearse, alone=True)
        try:
            if not rehearse:
                catch_up(store, Chronicle(state))
            yield store
        finally:
            store.close()


def _next_run_id(store: Store, now: datetime) -> str:
    runs = store.tables.runs
    with store.reading() as connection:
        before = connection.scalar(select(func.count()).select_from(runs)) or 0
        known = set(
            connection.scalars(select(runs.c.run_id).where(runs.c.started_at == now.isoformat()))
        )
    names = (f"{now:%Y%m%dT%H%M%S}-{number}" for number in itertools.count(before + 1))
    return next(name for name in names if name not in known)


def _send(workspace: Workspace, store: Store, now: datetime, options: Options) -> MailResult:
    if not options.mail or options.dry_run:
        with store.reading() as connection:
            return MailResult(count_waiting(connection, store.tables.messages))
    chronicle = Chronicle(workspace.paths.state)
    result = send_outbox(
        store,
        workspace.settings.mail,
        mail_password(),
        now,
        sender_name=workspace.settings.union.name,
        retry=options.retry,
        tell_gone=lambda identity: chronicle.append([message_fact(store, identity)]),
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
    for problem in report.problems:
        LOG.warning("not rendered: %s", problem)
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

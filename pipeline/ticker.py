"""The job at its time, night after night: `nightly` stays up and keeps going.

`schedule` only ticks. What is due is told by `last_due` against the last night that was through,
which is in the database; so a night missed while the machine was off is caught up, and one that
failed is tried again after a while, not at every tick. Jobs run one after the other in this one
thread, and the workspace's lock keeps out everybody else.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from types import FrameType

from pipeline.errors import PipelineError, SystemFault, WorkspaceBusy
from pipeline.logs import LOG, LineFormatter
from pipeline.nightly import Options, run
from pipeline.records.journal import last_finish
from pipeline.records.store import open_store
from pipeline.texts import Lang
from pipeline.workspace import Workspace, clock_now, open_workspace

TICK_SECONDS = 20
RETRY_AFTER = timedelta(minutes=15)


def last_due(now: datetime, at: time) -> datetime:
    """Return the newest moment not after `now` at which the nightly run was due.

    Local wall time: on a day on which that time does not exist or comes twice, it is due once.

    >>> last_due(datetime(2026, 10, 8, 1, 59), time(2)), last_due(datetime(2026, 10, 8, 2), time(2))
    (datetime.datetime(2026, 10, 7, 2, 0), datetime.datetime(2026, 10, 8, 2, 0))
    """
    today = datetime.combine(now.date(), at)
    return today if today <= now else today - timedelta(days=1)


@dataclass
class Ticker:
    """What is due when; `open_it`, `do` and `now` are the world, so that tests need no waiting.

    `do` runs the job with the given options. A tick never raises for a fault of the job or of the
    set-up: it is logged and the ticker goes on.
    """

    open_it: Callable[[], Workspace]
    do: Callable[[Workspace, datetime, Options], object]
    now: Callable[[Workspace], datetime]
    finished: Callable[[Workspace, datetime], datetime | None]
    tried: datetime | None = None
    collected: datetime | None = None

    def tick(self) -> str:
        """Do what is due now; return `night`, `intake`, `failed` or `idle`."""
        try:
            workspace = self.open_it()
            now = self.now(workspace)
            if self._night_is_due(workspace, now):
                self.tried = self.collected = now
                self.do(workspace, now, Options())
                return "night"
            if self._intake_is_due(workspace, now):
                self.collected = now
                self.do(workspace, now, Options(render=False, retry="due"))
                return "intake"
        except WorkspaceBusy:
            LOG.info("another run holds the workspace; trying again later")
            return "idle"
        except PipelineError as error:
            LOG.error("%s", error)
            return "failed"
        except OSError as error:
            LOG.error("%s", SystemFault.of(error))
            return "failed"
        except Exception:  # the ticker outlives whatever the job does
            LOG.exception("the job failed")
            return "failed"
        return "idle"

    def _night_is_due(self, workspace: Workspace, now: datetime) -> bool:
        due = last_due(now, time.fromisoformat(workspace.settings.schedule.nightly))
        finished = self.finished(workspace, now)
        if finished is not None and finished >= due:
            return False
        return self.tried is None or not self.tried <= now < self.tried + RETRY_AFTER

    def _intake_is_due(self, workspace: Workspace, now: datetime) -> bool:
        minutes = workspace.settings.schedule.intake_minutes
        if not minutes:
            return False
        last = self.collected
        return last is None or not last <= now < last + timedelta(minutes=minutes)


def stay_up(root: Path, lang: Lang | None) -> int:
    """Run until told to stop by a signal; finish what is under way first."""
    import schedule

    open_workspace(root, lang)  # a set-up that cannot work is told at once, not at two at night
    screen = logging.StreamHandler()
    screen.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[screen])
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: _stop(stop, number))
    ticker = Ticker(
        open_it=lambda: open_workspace(root, lang),
        do=lambda workspace, now, options: run(workspace, now, options, lambda _done, _all: None),
        now=lambda workspace: clock_now(workspace, None),
        finished=read_last_finish,
    )
    scheduler = schedule.Scheduler()
    scheduler.every(TICK_SECONDS).seconds.do(ticker.tick)
    LOG.info("nightly: up")
    ticker.tick()
    while not stop.wait(max(scheduler.idle_seconds or 0, 0.1)):
        scheduler.run_pending()
    LOG.info("nightly: stopped")
    return 0


def read_last_finish(workspace: Workspace, now: datetime) -> datetime | None:
    """Return when a night was last through, from the records."""
    url, state = workspace.settings.database.url, workspace.paths.state
    store = open_store(url, workspace.forms, state, rehearse=True)
    try:
        return last_finish(store, now)
    finally:
        store.close()


def _stop(stop: threading.Event, number: int) -> FrameType | None:
    LOG.info("nightly: stopping after the job under way (signal %d)", number)
    stop.set()
    return None

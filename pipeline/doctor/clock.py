"""Time: does the clock tell a likely time, in which zone, and does the shared folder agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from time import time
from zoneinfo import ZoneInfo

from pipeline.doctor.check import Check, attention, fault, fine
from pipeline.texts import Text

_EARLIEST = datetime(2025, 1, 1)  # before this program was written
_DRIFT = 60  # seconds that two clocks may differ


def check_clock(now: datetime, zone: ZoneInfo | None, newest: datetime | None) -> Iterator[Check]:
    """Yield what the machine's clock and zone look like; `newest` is the latest time on record."""
    says = Text(f"现在是 {now:%Y-%m-%d %H:%M}", f"It is {now:%Y-%m-%d %H:%M}")
    todo = Text("请校准电脑的日期和时间。", "Set the date and time of this machine.")
    if now < _EARLIEST:
        yield fault("clock", says, todo)
    elif newest is not None and newest > now + timedelta(minutes=10):
        later = Text(
            f"{says.zh}，而已有的记录到 {newest:%Y-%m-%d %H:%M}",
            f"{says.en}, but the records reach {newest:%Y-%m-%d %H:%M}",
        )
        yield attention("clock", later, todo)
    else:
        yield fine("clock", says.zh, says.en)
    yield _check_zone(zone)


def check_share_clock(shown: str, inbox: Path) -> Iterator[Check]:
    """Yield a finding where the clock that stamps files in the inbox goes wrong."""
    probe = inbox / f".doctor-{token_hex(4)}.tmp"
    try:
        before = time()
        probe.write_bytes(b"")
        stamped, after = probe.stat().st_mtime, time()
    except OSError:
        return  # told of as a folder that cannot be written
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    if not before - _DRIFT <= stamped <= after + _DRIFT:
        minutes = round((stamped - after) / 60)
        yield attention(
            "clock",
            Text(
                f"{shown} 所在服务器的时钟与本机相差 {minutes} 分钟",
                f"The clock of the server of {shown} differs by {minutes} minutes",
            ),
            Text(
                "收到时间、是否按时以文件的时间为准。请把两边的时钟都校准。",
                "Times of receipt come from there. Set both clocks.",
            ),
        )


def _check_zone(zone: ZoneInfo | None) -> Check:
    here = datetime.now().astimezone()
    machine = f"UTC{here:%z}"
    if zone is None:
        return fine("zone", f"时区按本机：{machine}", f"Time zone of this machine: {machine}")
    if here.astimezone(zone).utcoffset() == here.utcoffset():
        return fine(
            "zone", f"时区 {zone.key}，与本机一致", f"Time zone {zone.key}, as this machine"
        )
    return attention(
        "zone",
        Text(
            f"设置的时区是 {zone.key}，本机是 {machine}",
            f"Set to {zone.key}, this machine is {machine}",
        ),
        Text(
            "nightly 按设置的时区；cron、任务计划程序按本机时区，请按本机时间写它们的时刻。",
            "`nightly` keeps the zone that is set; cron and task planners keep the machine's.",
        ),
    )

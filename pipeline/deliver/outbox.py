"""The outbox: the table `messages`, in which every message waits until the server has taken it.

    queued ──► sending ──► sent
      ▲           ├──► queued     not taken for now (4xx, connection lost): tried again
      │           ├──► refused    refused for good (5xx): waits for the command `send`
      │           └──► unsure     handed over, but no answer came or we died: waits for `send`
      └── replaced by a newer message of the same topic before it went out

Nobody gets the same message twice: a draft that says what its topic's last message says is not
queued, and an `unsure` one is marked, never resent on a guess. The caller holds the workspace's
lock, so a message found in `sending` is one whose sender died.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Table, func, insert, select, update

from pipeline.deliver.compose import Draft
from pipeline.deliver.mime import headers_only, message_id, write_message

Retry = Literal["due", "queued", "all"]
WAITING = ("queued", "sending", "refused", "unsure")

_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message that has not gone out for certain."""

    message_id: str
    kind: str
    unit: str
    period: str
    recipient: str
    state: str
    attempts: int
    queued_at: str
    tried_at: str | None
    error: str


_COLUMNS = tuple(field.name for field in fields(Waiting))


def queue(connection: Connection, messages: Table, draft: Draft, now: datetime) -> str | None:
    """Put a message into the outbox and return its Message-ID; None where there is nothing new.

    Nothing is new where the topic's last message says the same. An older one of the topic that is
    still waiting is replaced. Where one has gone out before, the message is marked as an update.
    """
    columns = messages.c
    rows = connection.execute(
        select(columns.message_id, columns.revision, columns.state, columns.sent_at)
        .where(columns.topic == draft.topic)
        .order_by(columns.revision.desc())
    ).all()
    last = max((row.revision for row in rows if row.sent_at), default=0)
    standing = [row for row in rows if row.state != "replaced" and row.revision >= last]
    same = next(
        (row for row in standing if row.message_id == message_id(draft, row.revision)), None
    )
    for row in standing:
        if row is not same and row.state in WAITING:
            mark(connection, messages, row.message_id, state="replaced")
    if same is not None:
        return None
    return _put(connection, messages, draft, last + 1, now)


def waiting(connection: Connection, messages: Table) -> list[Waiting]:
    """Return what is in the outbox, oldest first."""
    columns = messages.c
    rows = connection.execute(
        select(*(columns[name] for name in _COLUMNS))
        .where(columns.state.in_(WAITING))
        .order_by(columns.queued_at, columns.message_id)
    )
    return [Waiting(**row._asdict() | {"error": row.error or ""}) for row in rows]


def sent_messages(connection: Connection, messages: Table, unit: str, period: str) -> set[str]:
    """Return the Message-IDs of the summaries that have been handed over, for certain or perhaps."""
    columns = messages.c
    of_summary = (columns.kind == "summary", columns.unit == unit, columns.period == period)
    found = select(columns.message_id).where(*of_summary, columns.sent_at.is_not(None))
    return set(connection.scalars(found))


def count_waiting(connection: Connection, messages: Table) -> int:
    """Return how many messages are in the outbox, the marked ones included."""
    counted = select(func.count()).where(messages.c.state.in_(WAITING))
    return connection.execute(counted).scalar_one()


def to_send(connection: Connection, messages: Table, retry: Retry, now: datetime) -> list[Waiting]:
    """Return the messages to try: the queued ones whose back-off is over (`due`), every queued one
    (`queued`), or the refused and unsure ones too (`all`).

    The back-off is 5 minutes after the first failure and three times as long after each further
    one, at most 12 hours. A clock that was set back makes a message due.
    """
    found = waiting(connection, messages)
    if retry == "all":
        return found
    queued = [letter for letter in found if letter.state == "queued"]
    return queued if retry == "queued" else [letter for letter in queued if _is_due(letter, now)]


def mark_interrupted(connection: Connection, messages: Table) -> int:
    """Mark as `unsure` what a run that died was handing over; return how many there were."""
    marked = connection.execute(
        update(messages)
        .where(messages.c.state == "sending")
        .values(
            state="unsure",
            error="发送时程序中断，不知对方是否收到 (interrupted while sending; may have arrived)",
        )
    )
    return marked.rowcount


def mark(connection: Connection, messages: Table, identity: str, **values: Any) -> None:
    """Set columns of one message; what has gone out or been replaced keeps only its headers."""
    chosen = messages.c.message_id == identity
    if values.get("state") in ("sent", "replaced"):
        content = read_content(connection, messages, identity)
        values["content"] = headers_only(content)
    connection.execute(update(messages).where(chosen).values(values))


def read_content(connection: Connection, messages: Table, identity: str) -> bytes:
    """Return a message as it goes out, but for its `From`."""
    found = select(messages.c.content).where(messages.c.message_id == identity)
    return bytes(connection.execute(found).scalar_one())


def postpone(
    connection: Connection, messages: Table, letters: Iterable[Waiting], now: datetime, error: str
) -> None:
    """Note one failed attempt on each of `letters`; states, and why one is marked, stay."""
    for letter in letters:
        mark(
            connection,
            messages,
            letter.message_id,
            attempts=letter.attempts + 1,
            tried_at=timestamp(now),
            error=error if letter.state == "queued" else letter.error,
        )


def timestamp(now: datetime) -> str:
    """Return a time as the outbox keeps it; one without a zone is the machine's local time."""
    return (now if now.tzinfo else now.astimezone()).isoformat(timespec="seconds")


def _put(
    connection: Connection, messages: Table, draft: Draft, revision: int, now: datetime
) -> str:
    identity = message_id(draft, revision)
    values = {
        "kind": draft.kind,
        "topic": draft.topic,
        "revision": revision,
        "recipient": draft.recipient,
        "unit": draft.unit,
        "period": draft.period,
        "content": write_message(draft, revision, now),
        "state": "queued",
        "attempts": 0,
        "queued_at": timestamp(now),
        "tried_at": None,
        "sent_at": None,
        "error": None,
    }
    chosen = messages.c.message_id == identity
    # A message that was replaced before it went out comes back when its content does.
    if not connection.execute(update(messages).where(chosen).values(values)).rowcount:
        connection.execute(insert(messages).values(message_id=identity, **values))
    return identity


def _is_due(letter: Waiting, now: datetime) -> bool:
    if letter.tried_at is None:
        return True
    tried = datetime.fromisoformat(letter.tried_at)
    # The exponent is bounded so that a message tried for years does not overflow.
    wait = min(_FIRST_WAIT * 3 ** min(letter.attempts - 1, 9), _LONGEST_WAIT)
    return not tried <= datetime.fromisoformat(timestamp(now)) < tried + wait

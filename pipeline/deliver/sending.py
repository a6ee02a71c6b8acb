"""The outbox emptied through the mail server: messages that wait in, sent and marked ones out.

The rule: a message is marked `sending`, and that is committed, before the server can have it, and
`sent` after; so a crash between leaves a mark and not a guess. What is marked is written like all
else, through the session that holds the database: a machine that lost it hands over nothing more.
One bad recipient never stops the others; a server that cannot be used leaves everything queued.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pipeline.config import MailSettings
from pipeline.deliver import outbox
from pipeline.deliver.connection import ServerUnusable
from pipeline.deliver.mime import is_address
from pipeline.deliver.outbox import Retry, Waiting, timestamp
from pipeline.deliver.smtp import MailServer, Outcome
from pipeline.records.store import Store


@dataclass(frozen=True, slots=True)
class MailResult:
    """How the sending went: `sent` taken by the server, `failed` tried and not taken, `queued`
    waiting at the end (the failed among them); `errors` has a line for each kind of trouble and
    names units, never addresses."""

    queued: int
    sent: int = 0
    failed: int = 0
    errors: tuple[str, ...] = ()


def send_outbox(
    store: Store,
    mail: MailSettings,
    password: str,
    now: datetime,
    *,
    sender_name: str = "",
    retry: Retry = "queued",
    dry_run: bool = False,
    tell_gone: Callable[[str], None] = lambda _message_id: None,
) -> MailResult:
    """Send what waits in the outbox; the caller holds the workspace's lock.

    `run` retries what is `queued`, the rounds between of `nightly` what is `due`, `send` `all`.
    Without a host nothing is tried and nothing has failed. `dry_run` changes nothing at all.
    `tell_gone` hears of each message that the server has, for certain or perhaps.
    """
    if dry_run:
        return MailResult(_count_waiting(store))
    messages = store.tables.messages
    with store.writing() as connection:
        interrupted = outbox.mark_interrupted(connection, messages)
        letters = outbox.to_send(connection, messages, retry, now) if mail.host else []
    errors = []
    if interrupted:
        errors.append(
            f"上次发送时程序中断，{interrupted} 封信不知对方是否收到 (may have arrived)。"
            "用 send 命令再发 (resend with `send`)。"
        )
    server = MailServer(mail, password, sender_name)
    try:
        sent, failed = _send_all(store, server, letters, now, errors, tell_gone)
        server.close()
    finally:
        server.drop()
    return MailResult(_count_waiting(store), sent, failed, tuple(errors))


def _count_waiting(store: Store) -> int:
    with store.reading() as connection:
        return outbox.count_waiting(connection, store.tables.messages)


def _send_all(
    store: Store,
    server: MailServer,
    letters: list[Waiting],
    now: datetime,
    errors: list[str],
    tell_gone: Callable[[str], None],
) -> tuple[int, int]:
    """Return how many were sent and how many failed; add to `errors`."""
    sent = 0
    for tried, letter in enumerate(letters):
        try:
            outcome = _send_one(store, server, letter, now)
        except ServerUnusable as error:
            rest = letters[tried:]
            with store.writing() as connection:
                outbox.postpone(connection, store.tables.messages, rest, now, str(error))
            errors.append(f"{error} {len(rest)} 封信留在发件箱 ({len(rest)} kept in the outbox)。")
            return sent, len(letters) - sent
        if outcome.state in ("sent", "unsure"):
            tell_gone(letter.message_id)
        if outcome.state == "sent":
            sent += 1
        else:
            where = " ".join(filter(None, (letter.unit, letter.period, letter.kind)))
            errors.append(f"{where}: {outcome.error.replace(letter.recipient, letter.unit)}")
    return sent, len(letters) - sent


def _send_one(store: Store, server: MailServer, letter: Waiting, now: datetime) -> Outcome:
    at, messages = timestamp(now), store.tables.messages

    def mark_handing_over() -> None:
        with store.writing() as connection:
            outbox.mark(connection, messages, letter.message_id, state="sending", sent_at=at)

    if is_address(letter.recipient):
        with store.reading() as connection:
            content = outbox.read_content(connection, messages, letter.message_id)
        outcome = server.send(letter.recipient, content, mark_handing_over)
    else:
        outcome = Outcome(
            "refused",
            "单位表里的 email 不是一个邮件地址 (not one address)。请改正，一个单位只填一个。",
        )
    # One that may have arrived stays so until it has surely arrived or been refused.
    state = "unsure" if (letter.state, outcome.state) == ("unsure", "queued") else outcome.state
    with store.writing() as connection:
        outbox.mark(
            connection,
            messages,
            letter.message_id,
            state=state,
            attempts=letter.attempts + 1,
            tried_at=at,
            sent_at=at if state in ("sent", "unsure") else None,
            error=outcome.error or None,
        )
    return outcome

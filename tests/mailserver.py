"""A real mail server on loopback that can be told to refuse, to stall and to hang up."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What the server has taken, and how it is to answer.

    `at_rcpt` maps a recipient to the answer that it gets; `at_mail` answers every sender; the
    answers in `at_end` are used up one a message, "" standing for a connection cut without one.
    """

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.connections = 0
        self.at_mail = ""
        self.at_rcpt: dict[str, str] = {}
        self.at_end: list[str] = []

    @property
    def recipients(self) -> list[str]:
        """To whom messages have come, in order."""
        return [str(message["To"]) for message in self.received]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_mail:
            return self.at_mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.at_rcpt:
            return self.at_rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.at_end.pop(0) if self.at_end else "250 OK"
        if answer.startswith("250") or not answer:
            content = envelope.original_content
            assert isinstance(content, bytes)
            self.raw.append(content)
            self.received.append(email.message_from_bytes(content, policy=email.policy.default))
        if not answer:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer or "250 lost on the way"


@contextmanager
def serving(mailbox: Mailbox, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Serve `mailbox` and yield the port; `tls` encrypts from the first byte, `options` go to SMTP."""
    loop = asyncio.new_event_loop()

    def session() -> SMTP:
        mailbox.connections += 1
        return SMTP(mailbox, hostname="mail.example", loop=loop, **options)

    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0, ssl=tls))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    for session in sessions:
        session.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)

"""The conversation with the mail server: messages in, what became of each out.

The rule that is not obvious: the caller is told just before the end of a message is said. Until
then the server has nothing; after it the message may have arrived, whatever happens to us.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pipeline.config import MailSettings
from pipeline.deliver.connection import (
    ServerUnusable,
    open_connection,
    quote_reply,
    reason,
    secret_forms,
)
from pipeline.deliver.mime import from_header, is_address

_BREAKDOWNS = 3  # connections lost in a row before the rest is left for the next run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; `queued` = not taken for now."""

    state: Literal["sent", "queued", "refused", "unsure"]
    error: str = ""


class MailServer:
    """One connection for many messages, opened when first needed and again when lost."""

    def __init__(self, mail: MailSettings, password: str, sender_name: str) -> None:
        self._mail = mail
        self._password = password
        self._secrets = secret_forms(mail, password)
        self._sender_name = sender_name
        self._connection: smtplib.SMTP | None = None
        self._breakdowns = 0

    def send(self, recipient: str, content: bytes, before_end: Callable[[], None]) -> Outcome:
        """Send one message. Raises ServerUnusable where no other could be sent either."""
        connection = self._open()
        try:
            objection = self._offer(connection, recipient, content)
        except OSError as error:  # every SMTPException is one
            return self._lose("queued", reason(error))
        if objection is not None:
            return objection
        before_end()
        try:
            connection.send(b".\r\n")
            code, reply = connection.getreply()
        except OSError as error:
            why = f"{reason(error)}；不知对方是否收到 (may have arrived)"
            return self._lose("unsure", why)
        return self._judge(connection, code, reply)

    def close(self) -> None:
        """Take leave of the server, if it still listens."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.quit()
        self.drop()

    def drop(self) -> None:
        """Hang up without a word, as must be done in the middle of a message."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> smtplib.SMTP:
        if self._connection is None:
            if not is_address(self._mail.sender):
                raise ServerUnusable(
                    "[mail] sender 不是一个邮件地址 (sender is not an address)。请改正。"
                )
            if self._breakdowns >= _BREAKDOWNS:
                raise ServerUnusable(
                    f"与邮件服务器的连接接连中断 {_BREAKDOWNS} 次 (connection lost again and again)。"
                    "请检查网络，或稍后再发。"
                )
            self._connection = open_connection(self._mail, self._password)
        return self._connection

    def _offer(self, connection: smtplib.SMTP, recipient: str, content: bytes) -> Outcome | None:
        """Say all of a message but its end; return an outcome only where the server objects."""
        code, reply = connection.mail(self._mail.sender)
        if 500 <= code < 600:
            raise ServerUnusable(
                f"邮件服务器不接受发件人（{self._quote(code, reply)}）。请把 [mail] sender 改成"
                "登录帐号自己的地址；需要登录的填好 username (sender refused)。"
            )
        if code == 250:
            code, reply = connection.rcpt(recipient)
            if code in (250, 251):
                code, reply = connection.docmd("DATA")
                if code == 354:
                    content = from_header(self._sender_name, self._mail.sender) + content
                    connection.send(re.sub(rb"(?m)^\.", b"..", content))
                    return None
        return self._judge(connection, code, reply)

    def _judge(self, connection: smtplib.SMTP, code: int, reply: bytes) -> Outcome:
        if code == 421:  # the server says that it is about to hang up
            return self._lose("queued", self._quote(code, reply))
        self._breakdowns = 0
        if code == 250:
            return Outcome("sent")
        try:
            connection.rset()
        except OSError:
            self.drop()
        return Outcome("refused" if 500 <= code < 600 else "queued", self._quote(code, reply))

    def _lose(self, state: Literal["queued", "unsure"], why: str) -> Outcome:
        self.drop()
        self._breakdowns += 1
        return Outcome(state, f"连接中断 (connection lost)：{why}")

    def _quote(self, code: int, reply: bytes) -> str:
        return quote_reply(code, reply, self._secrets)

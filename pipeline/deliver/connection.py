"""Opening the way to the mail server: settings and a password in, a connection ready to send out.

The one rule: without the encryption asked for, nothing is said to the server, the password least
of all. Every reason why it cannot be opened is a `ServerUnusable` whose words hold no secret.
"""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterable

from pipeline.config import PASSWORD_VARIABLE, MailSettings
from pipeline.safe_text import one_line

_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_TIMEOUT = 30  # seconds for one answer of the server
_OUR_NAME = "[127.0.0.1]"  # a computer's own name may be Chinese, which EHLO cannot carry
_REASON_LIMIT = 300


class ServerUnusable(Exception):
    """Nothing can be sent now; `str()` says why and what to do."""


def open_connection(mail: MailSettings, password: str) -> smtplib.SMTP:
    """Connect, encrypt and log in as the settings ask. Raises ServerUnusable."""
    connection = _connect(mail)
    try:
        if mail.security == "starttls":
            _start_tls(connection, mail)
        if mail.username:
            _log_in(connection, mail, password)
    except BaseException:
        connection.close()
        raise
    return connection


def reason(error: OSError, secrets: Iterable[str] = ()) -> str:
    """Return why a conversation failed, in one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        return quote_reply(error.smtp_code, error.smtp_error, secrets)
    return one_line(error.strerror or str(error) or type(error).__name__, _REASON_LIMIT)


def quote_reply(code: int, reply: bytes | str, secrets: Iterable[str] = ()) -> str:
    """Return the server's answer in one line; what it echoes of a secret is blotted out."""
    text = reply if isinstance(reply, str) else _decode(reply)
    for secret in secrets:
        text = text.replace(secret, "***")
    return f"{code} {one_line(text, _REASON_LIMIT)}".strip()


def secret_forms(mail: MailSettings, password: str) -> tuple[str, ...]:
    """Return the spellings in which a password travels, for blotting it out."""
    if not password:
        return ()
    spoken = (password, f"\0{mail.username}\0{password}")
    return (password, *(base64.b64encode(form.encode()).decode() for form in spoken))


def _connect(mail: MailSettings) -> smtplib.SMTP:
    port = mail.port or _PORTS[mail.security]
    where = f"{one_line(mail.host)}:{port}"
    try:
        if mail.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.host,
                port,
                local_hostname=_OUR_NAME,
                timeout=_TIMEOUT,
                context=ssl.create_default_context(),
            )
        else:
            connection = smtplib.SMTP(mail.host, port, local_hostname=_OUR_NAME, timeout=_TIMEOUT)
    except ssl.SSLError as error:
        raise _not_encrypted(where, error) from None
    except (OSError, ValueError) as error:  # ValueError: a host that is no host name
        why = reason(error) if isinstance(error, OSError) else one_line(str(error))
        raise ServerUnusable(
            f"连不上邮件服务器 {where}（{why}）。请检查 [mail] host、port、security 和网络"
            " (cannot connect)。"
        ) from None
    try:
        # The end of a message goes out on its own; it must not wait for the body to be confirmed.
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.ehlo_or_helo_if_needed()
    except OSError as error:
        connection.close()
        raise ServerUnusable(
            f"邮件服务器 {where} 不接待我们（{reason(error)}）。请稍后再发，或问服务器的管理员"
            " (server refuses to talk)。"
        ) from None
    return connection


def _start_tls(connection: smtplib.SMTP, mail: MailSettings) -> None:
    where = f"{one_line(mail.host)}:{mail.port or _PORTS[mail.security]}"
    try:
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo_or_helo_if_needed()
    except smtplib.SMTPNotSupportedError:
        raise ServerUnusable(
            f"邮件服务器 {where} 不提供 STARTTLS 加密，没有发送 (no STARTTLS, nothing was sent)。"
            "请核对 [mail] port，或把 security 改成服务器支持的方式。"
        ) from None
    except OSError as error:
        raise _not_encrypted(where, error) from None


def _not_encrypted(where: str, error: OSError) -> ServerUnusable:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerUnusable(
            f"邮件服务器 {where} 的证书通不过验证（{one_line(error.verify_message)}），没有发送"
            " (certificate not trusted, nothing was sent)。请核对 [mail] host 和电脑的日期，"
            "或请管理员更换证书。"
        )
    return ServerUnusable(
        f"与邮件服务器 {where} 的加密没有建立（{reason(error)}），没有发送"
        " (no encryption, nothing was sent)。请核对 [mail] port 和 security。"
    )


def _log_in(connection: smtplib.SMTP, mail: MailSettings, password: str) -> None:
    if not password:
        raise ServerUnusable(
            f"[mail] 写了 username，但环境变量 {PASSWORD_VARIABLE} 里没有密码 (no password)。请设好再发。"
        )
    try:
        connection.login(mail.username, password)
    except smtplib.SMTPNotSupportedError:
        raise ServerUnusable(
            "邮件服务器不提供登录 (no login offered)。请核对 [mail] port 和 security，不需要登录就留空 username。"
        ) from None
    except (OSError, ValueError) as error:
        # A ValueError's own words may quote the password: one with a letter that is not ASCII.
        why = (
            f"（{reason(error, secret_forms(mail, password))}）"
            if isinstance(error, OSError)
            else ""
        )
        raise ServerUnusable(
            f"邮件服务器不让登录{why}。请核对 [mail] username 和环境变量 {PASSWORD_VARIABLE}；"
            "许多邮箱要用“授权码”代替密码 (login refused)。"
        ) from None


def _decode(reply: bytes) -> str:
    try:
        return reply.decode()
    except UnicodeDecodeError:
        return reply.decode("gb18030", errors="replace")  # as many Chinese servers answer

"""The mail server, as far as one gets without sending: connected, encrypted, logged in, sender taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from pipeline.config import PASSWORD_VARIABLE, MailSettings
from pipeline.deliver.connection import ServerUnusable, open_connection, quote_reply, secret_forms
from pipeline.deliver.mime import is_address
from pipeline.doctor.check import Check, attention, fault, fine
from pipeline.orgunits import OrgTree
from pipeline.texts import Text

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_THEN_AGAIN = Text("改好后再运行 doctor。", "Correct it and run `doctor` again.")


def check_mail(mail: MailSettings, password: str) -> Iterator[Check]:
    """Yield how far one gets with the server; no message is sent."""
    if not mail.host:
        yield attention(
            "mail",
            Text(
                "没有设置邮件服务器，信件留在发件箱",
                "No mail server is set; letters stay in the outbox",
            ),
            Text(
                "要寄信，请填 config/union.toml 的 [mail]；不寄信可以不管。",
                "Fill [mail] in config/union.toml, unless no mail is wanted.",
            ),
        )
        return
    if mail.security == "none" and mail.host not in _LOOPBACK:
        yield attention(
            "mail",
            Text("信件不加密就寄出", "Mail goes out without encryption"),
            Text('请改用 security = "starttls" 或 "tls"。', 'Use security = "starttls" or "tls".'),
        )
    if password and not mail.username:
        says = f"设了 {PASSWORD_VARIABLE}，但没有 username，不会登录"
        english = f"{PASSWORD_VARIABLE} is set but username is not: no login"
        yield attention("mail", Text(says, english), _THEN_AGAIN)
    yield _try_server(mail, password)


def check_addresses(tree: OrgTree) -> Iterator[Check]:
    """Yield a finding where the units' addresses are none."""
    wrong = [u.code for u in tree.units.values() if u.email and not is_address(u.email.strip())]
    if wrong:
        named = " ".join(wrong[:10])
        yield attention(
            "addresses",
            Text(f"这些单位的 email 不是一个邮件地址：{named}", f"Not one mail address: {named}"),
            Text(
                "请在单位表里改正，一个单位只填一个地址。",
                "Correct the list of units, one address each.",
            ),
        )


def _try_server(mail: MailSettings, password: str) -> Check:
    try:
        connection = open_connection(mail, password)
    except ServerUnusable as error:
        return fault("mail", Text(str(error), str(error)), _THEN_AGAIN)
    try:
        code, reply = connection.mail(mail.sender)
        if code != 250:
            said = quote_reply(code, reply, secret_forms(mail, password))
            return fault(
                "mail",
                Text(
                    f"邮件服务器不接受发件人（{said}）", f"The server refuses the sender ({said})"
                ),
                Text(
                    "请把 [mail] sender 改成登录帐号自己的地址。",
                    "Make [mail] sender the address of the account that logs in.",
                ),
            )
        connection.rset()
    except OSError as error:
        says = Text(f"邮件服务器中断了连接（{error}）", f"The server hung up ({error})")
        return fault("mail", says, Text("请稍后再试。", "Try again later."))
    finally:
        with suppress(OSError):
            connection.quit()
    how = {"none": "不加密", "starttls": "STARTTLS", "tls": "TLS"}[mail.security]
    login = "，已登录" if mail.username else ""
    english = ", logged in" if mail.username else ""
    return fine(
        "mail",
        f"邮件服务器可用（{mail.host}，{how}{login}）",
        f"Mail server usable ({mail.host}, {mail.security}{english})",
    )

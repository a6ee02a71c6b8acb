"""Messages out: what units are told by mail, kept in an outbox until the server has taken it.

compose   what a message says (pure): receipts of a unit, the summary of an inner unit
words     its wording in both languages; the layout is in the `*.j2` beside it
mime      a message as the bytes that go out, the same for the same input
outbox    the table `messages`: queued once, replaced by newer, marked as it goes
smtp      the conversation with the mail server
sending   the outbox emptied through it
"""

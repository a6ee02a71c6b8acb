"""A mail server on loopback for programs that are killed in the middle of a sentence.

It serves one connection after another, so whoever is greeted knows that all that was said before
has been heard. `tests/mailserver.py` has a real one that can refuse and stall; this one is never
in doubt about what it has.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO


class Postbox:
    """Takes every message; `taken` are those whose end it has heard. Use as a context manager."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._door.getsockname()[1])

    def __enter__(self) -> Postbox:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._say(b"STOP\r\n")
        self._thread.join()
        self._door.close()

    def settle(self) -> None:
        """Wait until all that was said before this has been heard."""
        self._say(b"QUIT\r\n")

    def _say(self, words: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.recv(100)
            line.sendall(words)

    def _serve(self) -> None:
        last = b""
        while last != b"STOP\r\n":
            peer, _ = self._door.accept()
            with peer, peer.makefile("rb") as line, suppress(OSError):
                last = self._converse(line, peer.sendall)

    def _converse(self, line: IO[bytes], answer: Callable[[bytes], None]) -> bytes:
        """Answer until the caller takes leave or is gone; return the last words."""
        answer(b"220 postbox.example\r\n")
        while (words := line.readline()) not in (b"", b"QUIT\r\n", b"STOP\r\n"):
            if not words.endswith(b"\r\n"):
                break
            if words.upper() == b"DATA\r\n":
                answer(b"354 go on\r\n")
                message = _read_message(line)
                if message is None:
                    break
                self.taken.append(message)
            answer(b"250 OK\r\n")
        return words


def _read_message(line: IO[bytes]) -> bytes | None:
    """Return a message, or None where its end never came."""
    lines = []
    while (row := line.readline()) != b".\r\n":
        if not row.endswith(b"\r\n"):
            return None
        lines.append(row.removeprefix(b"."))
    return b"".join(lines)

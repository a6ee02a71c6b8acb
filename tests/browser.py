"""Chromium at work: a page on disk opened, and everything it asked for and complained about.

Nothing but the file itself may be asked for; all else is refused and noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conftest import system_part
from playwright.sync_api import Browser, Page, Route, sync_playwright


@dataclass
class Noted:
    """What a page did that nobody sees."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def started() -> Iterator[Browser]:
    """Start the system's Chromium, for one module: its event loop would be in the way of others."""
    program = system_part("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, at: str = ""
) -> Iterator[tuple[Page, Noted]]:
    """Open a file in a window of its own; afterwards it must have asked for nothing else."""
    noted = Noted()
    context = browser.new_context(viewport={"width": width, "height": 900})

    def answer(route: Route) -> None:
        noted.requests.append(route.request.url)
        if route.request.url.startswith("file://"):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.on("console", lambda message: noted.complaints.append(message.text))
    page.on("pageerror", lambda error: noted.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (noted.complaints.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri() + at)
    yield page, noted
    context.close()
    assert noted.complaints == []
    assert set(noted.requests) == {path.as_uri()}

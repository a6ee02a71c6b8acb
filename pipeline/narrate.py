"""The narratives of a period: what publishing asks for them, with what they rest on read once.

A narrative rests on all that its summary shows, on the workbooks that count and on its layout; the
`digest` of these tells whether it must be written again. The layout is the workspace's own, or the
shipped one where it has none.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.errors import ConfigError
from pipeline.periods import Period
from pipeline.records.store import Store
from pipeline.summaries.view import SummaryView
from pipeline.workspace import SHIPPED_CONFIG, Workspace

if TYPE_CHECKING:
    from pipeline.summaries.narrative.accounts import Accounts
    from pipeline.summaries.narrative.document import Layout


@dataclass(frozen=True)
class Narrator:
    """Writes the narratives of one period."""

    workspace: Workspace
    store: Store
    period: Period

    @property
    def wanted(self) -> bool:
        """Whether the settings ask for narratives."""
        return self.workspace.settings.narrative.length != "none"

    def path(self, view: SummaryView) -> Path:
        """Return where the narrative of a unit lies."""
        folder = self.workspace.paths.outputs / self.period.code
        return folder / f"narrative_{view.unit.code}_{self.period.code}.docx"

    def digest(self, view: SummaryView, shown: str) -> str:
        """Return what the narrative of a unit rests on; `shown` is the digest of its summary.

        Raises ConfigError where the layout cannot be read.
        """
        below = tuple(self._files.get(status.unit, ()) for status in view.statuses)
        return hashlib.sha256(
            repr((shown, view.coverage, below)).encode() + self._layout_bytes
        ).hexdigest()

    def prepare(self, view: SummaryView) -> Callable[[], bytes]:
        """Read what the narrative of a unit tells, and return what writes it.

        Both raise ConfigError where the layout cannot be filled.
        """
        from pipeline.summaries.narrative.write import prepare_narrative

        length = self.workspace.settings.narrative.length
        return prepare_narrative(
            view,
            self._accounts,
            self._layout,
            self.workspace.lang,
            "short" if length == "short" else "standard",
        )

    @cached_property
    def _accounts(self) -> Accounts:
        from pipeline.summaries.narrative.accounts import Accounts

        return Accounts(self.store, self.workspace.tree, self.period)

    @cached_property
    def _layout(self) -> Layout:
        from pipeline.summaries.narrative.document import layout_of

        return layout_of(f"config/layouts/{self._layout_path.name}", self._layout_bytes)

    @cached_property
    def _layout_bytes(self) -> bytes:
        try:
            return self._layout_path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"config/layouts/{self._layout_path.name}: 读不了 ({error.strerror})。"
                "如果正在 Word 里打开，请关掉。"
            ) from None

    @cached_property
    def _layout_path(self) -> Path:
        short = "short_" if self.workspace.settings.narrative.length == "short" else ""
        name = f"narrative_{short}{self.workspace.lang}.docx"
        own = self.workspace.paths.config / "layouts" / name
        return own if own.exists() else SHIPPED_CONFIG / "layouts" / name

    @cached_property
    def _files(self) -> dict[str, list[tuple[str, str]]]:
        """The workbooks of each unit that count and that a narrative may speak of."""
        files = self.store.tables.files.c
        found = defaultdict[str, list[tuple[str, str]]](list)
        statement = (
            select(files.unit, files.period, files.sha256)
            .where(files.current == 1)
            .order_by(files.period, files.workbook)
        )
        with self.store.reading() as connection:
            for unit, period, sha256 in connection.execute(statement):
                if "Q" not in period or period <= self.period.code:
                    found[unit].append((period, sha256))
        return found

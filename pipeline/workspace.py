"""A workspace opened: a folder in, its settings, forms, units and paths out.

Everything that can be wrong with the set-up is found here, as one clear line, before any work
begins. The clock is part of it: `--today` moves the product's time, never the machine's.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline import __version__
from pipeline.config import Settings, read_settings
from pipeline.errors import ConfigError, UsageError, WorkspaceBusy
from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree, read_orgunits
from pipeline.texts import Lang
from pipeline.tomltable import read_source

if TYPE_CHECKING:
    from pipeline.summaries.indicators import Indicators

_BESIDE = Path(__file__).resolve().parent.parent / "config"
_INSTALLED = Path(sys.prefix) / "share" / "union-pipeline" / "config"
INDICATORS = "indicators.toml"  # in the config folder
LOCK = "run.lock"  # in the state folder
_PRIVATE = 0o700  # what lies in the state folder is about persons

SHIPPED_CONFIG = _BESIDE if _BESIDE.is_dir() else _INSTALLED


@dataclass(frozen=True, slots=True)
class Paths:
    """Where things lie, all absolute."""

    root: Path
    config: Path
    orgunits: Path
    inbox: Path
    outputs: Path
    templates: Path
    state: Path

    def shown(self, path: Path) -> str:
        """Return a path as people and JSON see it: relative to the workspace, with `/`."""
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
        )


@dataclass(frozen=True)
class Workspace:
    """One workspace, checked and ready.

    `digest` stands for everything a verdict rests on but the day: forms, units, settings and the
    program's version; `published_digest` for what summaries rest on beside the records.
    """

    paths: Paths
    settings: Settings
    forms: Forms
    tree: OrgTree
    lang: Lang
    digest: str
    published_digest: str

    @property
    def zone(self) -> ZoneInfo | None:
        """The configured time zone, or None for the machine's own."""
        name = self.settings.schedule.timezone
        return ZoneInfo(name) if name else None

    @cached_property
    def indicators(self) -> Indicators:
        """What summaries compute. Raises ConfigError; `open_workspace` has seen to that before."""
        from pipeline.summaries.read_indicators import read_indicators  # which loads SQLAlchemy

        indicators = read_indicators(self.paths.config / INDICATORS, self.forms)
        if self.settings.privacy.k > 1 and not indicators.count_persons:
            # Better no summary than one that publishes what was to be withheld.
            raise ConfigError(
                "union.toml [privacy] k: indicators.toml 里没有一个指标写了 persons = true，不知道哪些是人数"
                " (no indicator says that it counts persons)。请照新的 indicators.toml 补上。"
            )
        return indicators


def open_workspace(root: Path, lang: Lang | None = None, *, adds_up: bool = True) -> Workspace:
    """Read and check a workspace's configuration. Raises ConfigError, or UsageError if it is none.

    Who adds nothing up, as `check` does, says so and is spared the indicators and what they load.
    """
    root = root.absolute()
    config = root / "config"
    if not (config / "union.toml").is_file():
        raise UsageError(
            f"{root}: 这里不是工作区，找不到 config/union.toml (not a workspace)。"
            "请用 --workspace 指明，或用 init 新建。"
        )
    settings = read_settings(config / "union.toml")
    paths = Paths(
        root,
        config,
        root / settings.paths.orgunits,
        root / settings.paths.inbox,
        root / settings.paths.outputs,
        root / settings.paths.templates,
        root / settings.paths.state,
    )
    forms = read_forms(config)
    tree = read_orgunits(paths.orgunits, settings.union.root)
    files = (config / "union.toml", paths.orgunits)
    parts = [forms.digest.encode(), __version__.encode(), *(path.read_bytes() for path in files)]
    published = [*parts, read_source(config / INDICATORS)]
    workspace = Workspace(
        paths,
        settings,
        forms,
        tree,
        lang or settings.union.language,
        _digest(parts),
        _digest(published),
    )
    if adds_up:
        _ = workspace.indicators  # checked before any work begins
    return workspace


def _digest(parts: list[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def init_workspace(root: Path) -> Path:
    """Make a new workspace with the shipped configuration. Raises UsageError where one is."""
    root = root.absolute()
    if (root / "config").exists():
        raise UsageError(f"{root}: 已经有 config 文件夹了 (already a workspace)。请换一个文件夹。")
    try:
        shutil.copytree(SHIPPED_CONFIG, root / "config")
        for name in ("inbox", "outputs", "input_templates"):
            (root / name).mkdir(exist_ok=True)
        (root / "state").mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{root}: 建不了工作区 (cannot create): {error.strerror}") from None
    return root


@contextmanager
def hold(workspace: Workspace, rehearse: bool = False) -> Iterator[None]:
    """Hold the workspace alone while changing it. Raises WorkspaceBusy at once if another does.

    A rehearsal holds it too, or a run beside it could not write; but where no run has ever been,
    it makes no lock.
    """
    import filelock  # only commands that change something need it

    if rehearse and not (workspace.paths.state / LOCK).exists():
        yield
        return
    workspace.paths.state.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    lock = filelock.FileLock(workspace.paths.state / LOCK)
    try:
        with lock.acquire(blocking=False):
            yield
    except filelock.Timeout:
        raise WorkspaceBusy(
            "另一个任务正在处理这个工作区，请等它结束后再试 (another run holds the workspace)。"
        ) from None


def clock_now(workspace: Workspace, today: datetime | None) -> datetime:
    """Return the product's local time without a zone: `--today` if given, else the machine's."""
    return today or datetime.now(workspace.zone).replace(tzinfo=None)


def parse_today(text: str, option: str = "--today") -> datetime:
    """Read `--today`, or another moment: a date is the end of that day. Raises UsageError."""
    try:
        if "T" not in text and " " not in text:
            return datetime.combine(date.fromisoformat(text), time(23, 59, 59))
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise UsageError(
            f"{option} 应写成 2026-10-08 或 2026-10-08T02:00，现在是 “{text}” (date or date and time)。"
        ) from None

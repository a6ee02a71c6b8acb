"""The demo played: a folder in, the whole job run on it quarter by quarter, what happened out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

from pipeline.demo.drops import drop_files
from pipeline.demo.story import DemoStory, Scene, make_demo
from pipeline.errors import UsageError
from pipeline.nightly import Options, RunReport, run
from pipeline.summaries.dashboard.page import NAME as PAGE
from pipeline.texts import Lang
from pipeline.workspace import open_workspace

MARK = ".union-demo"  # tells a demo, which may be replaced, from somebody's workspace


@dataclass(frozen=True, slots=True)
class Played:
    """What the demo did: its story, the reports of its runs, and the receipts of its scenes."""

    folder: Path
    story: DemoStory
    reports: tuple[RunReport, ...]
    seconds: float

    def receipt(self, scene: Scene) -> str:
        """Return the receipt of a scene's file, relative to the folder; "" where none was sent."""
        for report in self.reports:
            for stored, receipt in zip(report.files, report.receipts, strict=True):
                if scene.file and stored.path == scene.file:
                    return receipt
        return ""

    @property
    def page(self) -> Path:
        """The page that shows the newest quarter's summaries."""
        return self.folder / "outputs" / self.story.newest.code / PAGE

    @property
    def summaries(self) -> list[Path]:
        """The newest quarter's summaries, that of the whole union first."""
        return self._of_units("summary_{}_{}.xlsx")

    @property
    def narratives(self) -> list[Path]:
        """The newest quarter's reports in words, that of the whole union first."""
        return self._of_units("narrative_{}_{}.docx")

    def _of_units(self, name: str) -> list[Path]:
        code = self.story.newest.code
        root = open_workspace(self.folder).tree.root.code
        found = sorted((self.folder / "outputs" / code).glob(name.format("*", code)))
        return sorted(found, key=lambda path: path.name != name.format(root, code))


def run_demo(
    folder: Path, today: datetime | None, lang: Lang, watch: Callable[[int, int], None]
) -> Played:
    """Make the demo in `folder` and run the whole job on it; an earlier demo there is replaced.

    Raises UsageError where the folder holds something else.
    """
    began = perf_counter()
    folder = folder.absolute()
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    story = make_demo(folder, today or datetime.now())
    reports = []
    for number, batch in enumerate(story.batches):
        watch(number, len(story.batches))
        drop_files(folder / "inbox", batch)
        workspace = open_workspace(folder, lang)
        reports.append(run(workspace, batch.moment, Options(), lambda _done, _all: None))
    return Played(folder, story, tuple(reports), perf_counter() - began)


def _clear(folder: Path) -> None:
    if (folder / MARK).is_file():
        shutil.rmtree(folder)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder}: 文件夹里已有别的东西，演示不会覆盖它 (not empty, not a demo)。请换一个文件夹。"
        )

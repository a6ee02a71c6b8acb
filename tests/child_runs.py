"""Commands run in child processes that a fault may strike: one quick fork each.

`ChildRuns` starts this module as a process that has everything loaded and forks for each command,
so that a night that is killed at point N costs no start-up. Workbooks are judged in the child
itself. What judging and rendering return is remembered by what they were given: they are pure,
and a thousand nights over the same files need each only once.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faults import Fault, Point, Shim

if TYPE_CHECKING:
    from pipeline.summaries.view import SummaryView
    from pipeline.workers import Brief, Job, Outcome


@dataclass(frozen=True)
class Ended:
    """How a command ended: `status` is negative for a signal; `struck` is None where it was
    killed or no fault was due. `points` are listed only where they were asked for."""

    status: int
    stdout: str
    stderr: str
    struck: Point | None
    points: tuple[Point, ...]


class ChildRuns:
    """A process that forks one child a command. Use as a context manager."""

    def __enter__(self) -> ChildRuns:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(
        self,
        root: Path,
        arguments: Sequence[str],
        fault: Fault | None = None,
        *,
        listing: bool = False,
        learn: bool = False,
    ) -> Ended:
        """Run one command on the workspace `root`. With `learn` it runs in the process itself,
        unharmed, so that all children after it know what was judged and rendered."""
        asked = {
            "root": str(root),
            "arguments": ["--workspace", str(root), *arguments],
            "fault": asdict(fault) if fault else None,
            "listing": listing,
            "learn": learn,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        struck = Point(**answer["struck"]) if answer["struck"] else None
        points = tuple(Point(**point) for point in answer["points"])
        return Ended(answer["status"], answer["stdout"], answer["stderr"], struck, points)


def judge_here(jobs: Iterable[Job], brief: Brief, _workers: int, **_how: bool) -> Iterator[Outcome]:
    """Judge in this process what else goes to worker processes."""
    from pipeline.workers import judge_file

    for job in jobs:
        yield judge_file(job, brief)


def _serve() -> None:
    _prepare()
    gc.disable()  # it would touch, and so copy, all that a child shares with this process
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing that is printed by accident must look like an answer
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        tempfile.TemporaryFile("w+") as told,
    ):
        if asked["learn"]:
            status = _command(asked["arguments"], out, err)
        else:
            child = os.fork()
            if not child:
                _child(asked, out, err, told)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for file in (out, err, told):
            file.seek(0)
        report = json.loads(told.read() or '{"struck": null, "points": []}')
        return {"status": status, "stdout": out.read(), "stderr": err.read(), **report}


def _child(asked: dict[str, Any], out: Any, err: Any, told: Any) -> None:
    status = 99
    try:
        fault = Fault(**asked["fault"]) if asked["fault"] else None
        shim = Shim(Path(asked["root"]), fault)
        shim.install()
        status = _command(asked["arguments"], out, err)
        points = [asdict(point) for point in shim.points] if asked["listing"] else []
        json.dump({"struck": asdict(shim.struck) if shim.struck else None, "points": points}, told)
        told.flush()
    except BaseException:
        import traceback

        traceback.print_exc(file=err)
    finally:
        err.flush()
        os._exit(status)


def _command(arguments: list[str], out: Any, err: Any) -> int:
    from pipeline.cli import main

    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        return main(arguments)
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = streams


def _prepare() -> None:
    """Judge and draw in this process; remember what is judged and rendered, and statements once compiled."""
    from pipeline import checking, collect, copies, publish, workers
    from pipeline.deliver import mime
    from pipeline.records import engines, store

    workers.judge_bytes = _remembered(
        workers.judge_bytes, lambda data, job, brief: (data, replace(job, path=None), brief)
    )
    checking.judge_files = collect.judge_files = judge_here
    publish.do_in_copies = lambda jobs, _most: copies.do_in_copies(jobs, 1)
    publish.write_summary = _remembered(
        publish.write_summary, lambda view, lang, _folder: (_shown(view), lang)
    )
    publish.write_dashboard = _remembered(
        publish.write_dashboard, lambda views, lang: ([_shown(view) for view in views], lang)
    )
    mime.draw_png = _remembered(mime.draw_png, lambda svg, **how: (svg, how))
    store.build_tables = _remembered(store.build_tables, lambda forms: forms.digest)
    engines.create_engine = _sharing_statements(engines.create_engine)


def _shown(view: SummaryView) -> SummaryView:
    """Return what a view shows, without the set-up, which is the same in all nights."""
    return replace(view, forms=None, indicators=None)


def _sharing_statements(create_engine: Callable[..., Any]) -> Callable[..., Any]:
    """Compiling its statements is a third of a small night; every engine takes them from the first."""
    engines: list[Any] = []

    def create(*given: Any, **options: Any) -> Any:
        engine = create_engine(*given, **options)
        if engines:
            engine.dialect = engines[0].dialect
            engine._compiled_cache = engines[0]._compiled_cache
        else:
            engines.append(engine)
        return engine

    return create


def _remembered(function: Callable[..., Any], key: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[bytes, Any] = {}

    @wraps(function)
    def remembering(*given: Any, **how: Any) -> Any:
        name = pickle.dumps(key(*given, **how))
        if name not in known:
            known[name] = function(*given, **how)
        return known[name]

    return remembering


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    _serve()

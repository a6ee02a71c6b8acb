"""The workers of a dask cluster do the same work: the same bytes, whoever of them dies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask_cluster
import pytest
from mishaps import fall_over, name_of, refuse_to_work, slowly
from workspaces import SETTINGS, activity, drop, make_workspace, opened, quarterly, run_once

from pipeline import cluster, sandbox
from pipeline.cli import main
from pipeline.cluster import connected, run_on_cluster
from pipeline.doctor.crew import check_crew
from pipeline.errors import ConfigError, SystemFault
from pipeline.sandbox import Bounds

ROOMY = Bounds(seconds=30)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with dask_cluster.serve() as found:
        yield found


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "BATCH", 3)


def on(
    address: str, work: object = fall_over, *tasks: str, paths: tuple[Path, ...] = ()
) -> list[str]:
    return list(run_on_cluster(work, tasks, name_of, ROOMY, address, paths))  # type: ignore[arg-type]


def settings_with(address: str) -> str:
    return SETTINGS.replace("count = 1", f'engine = "dask"\naddress = "{address}"')


def test_outputs_and_what_is_told_of_each_file_are_the_same(tmp_path: Path, address: str) -> None:
    left, told = [], []
    for name, settings in (("here", SETTINGS), ("there", settings_with(address))):
        root = make_workspace(tmp_path / name, settings=settings)
        drop(root, "1.xlsx", quarterly(activities=[activity(cost=120.5, fund="会费")]))
        drop(root, "2.xlsx", quarterly(activities=[activity(result="圆满成功")]))
        drop(root, "坏.xlsx", quarterly("U2", activities=[activity(attended="若干")]))
        drop(root, "乱.xlsx", b"<html></html>")
        drop(root, "S.xlsx", quarterly("S", activities=[activity()]))
        told.append(run_once(root, in_workers=True, mail=False).as_json()["files"])
        outputs = sorted(path for path in (root / "outputs").rglob("*") if path.is_file())
        left.append({path.relative_to(root): path.read_bytes() for path in outputs})
    assert told[0] == told[1]
    assert {file["status"] for file in told[1]} >= {"accepted", "rejected", "quarantined"}  # type: ignore[attr-defined,index]
    assert list(left[0]) == list(left[1])
    assert [path for path in left[0] if left[0][path] != left[1][path]] == []


def test_changed_forms_reach_workers_that_stay_up(tmp_path: Path, address: str) -> None:
    root = make_workspace(tmp_path, settings=settings_with(address))
    drop(root, "1.xlsx", quarterly(activities=[activity()]))
    assert [file.status for file in run_once(root, in_workers=True).files] == ["accepted"]
    form = root / "config/forms/activities.toml"
    stricter = form.read_text("utf-8").replace(
        '"attended <= invited * sessions"', '"attended <= 1"'
    )
    form.write_text(stricter, "utf-8")
    drop(root, "2.xlsx", quarterly(activities=[activity(cost=1)]))
    assert [file.status for file in run_once(root, in_workers=True).files] == ["rejected"]


def test_a_worker_killed_in_mid_run_costs_nothing(address: str) -> None:
    tasks = [str(number) for number in range(12)]
    with connected(address, ()) as client:
        victim = next(iter(client.run(os.getpid).values()))
    found = []
    for result in run_on_cluster(slowly, tasks, name_of, ROOMY, address, ()):
        if not found:
            os.kill(victim, signal.SIGKILL)
        found.append(result)
    assert found == [f"{task}: done" for task in tasks]


def test_a_file_that_kills_workers_is_named_and_the_others_go_on(address: str) -> None:
    tasks = ["0", "1", "2", "3", "killed", "5", "6"]
    found = on(address, fall_over, *tasks)
    assert found == [
        "0: done", "1: done", "2: done", "3: done", "killed: lost (crash)", "5: done", "6: done",
    ]  # fmt: skip


def test_a_fault_of_the_system_is_not_put_down_to_a_file(address: str) -> None:
    with pytest.raises(PermissionError):
        on(address, refuse_to_work, "a")


def test_every_worker_must_see_the_same_files(tmp_path: Path, address: str) -> None:
    (tmp_path / "a.toml").write_text("x = 1", "utf-8")
    assert on(address, fall_over, "a", paths=(tmp_path,)) == ["a: done"]
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(ConfigError, match="看不到 /only/here"),
    ):
        patch.setattr(cluster, "view", only_here)
        on(address, fall_over, "a", paths=(Path("/only/here"),))


def only_here(paths: tuple[Path, ...]) -> dict[str, str]:
    """Return what this process sees where a path is there, and other versions than it has."""
    return VIEW(paths) | {str(path): "bytes" for path in paths if os.getpid() == HERE}


def older(paths: tuple[Path, ...]) -> dict[str, str]:
    return VIEW(paths) | ({"union-pipeline": "0.0.9"} if os.getpid() != HERE else {})


VIEW, HERE = cluster.view, int(os.environ.setdefault("UNION_TEST_PID", str(os.getpid())))


def test_every_worker_must_have_the_same_programs(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "view", older)
    with pytest.raises(ConfigError, match=r"worker tcp.*union-pipeline 是 0\.0\.9，这里是"):
        on(address, fall_over, "a")


def test_without_distributed_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_workspace(tmp_path, settings=settings_with("tcp://127.0.0.1:1"))
    drop(root, "1.xlsx", quarterly())
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["--workspace", str(root), "run"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "pip install 'union-pipeline[dask]'" in said[-1]
    assert len(said) == 1


def test_a_scheduler_that_does_not_answer_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_workspace(tmp_path, settings=settings_with("tcp://127.0.0.1:1"))
    drop(root, "1.xlsx", quarterly())
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    assert main(["--workspace", str(root), "run"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert "连不上 dask 调度器 tcp://127.0.0.1:1" in said[-1] and len(said) == 1
    assert (root / "inbox/1.xlsx").exists()


def test_an_engine_without_an_address_is_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="address is missing"):
        run_once(make_workspace(tmp_path, settings=settings_with("")), in_workers=True)


def test_where_every_worker_has_gone_no_file_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deserted(Executor):
        def nthreads(self) -> dict[str, int]:
            return {}

        def submit(self, *_: object) -> Future[Any]:  # type: ignore[override]
            return Future()

    monkeypatch.setattr(cluster, "_GONE", 0)
    monkeypatch.setattr(cluster, "_LOOK", 0.01)
    pool = cluster._Workers(fall_over, ROOMY, Deserted(), Deserted(), 1)  # type: ignore[arg-type]
    with pytest.raises(SystemFault, match="no worker is left"):
        pool.alone("a")


class Changing(Executor):
    """A cluster whose workers come and go while it is asked about them."""

    def __init__(self, *threads: dict[str, int]) -> None:
        self.threads = list(threads)

    def nthreads(self) -> dict[str, int]:
        return self.threads.pop(0) if len(self.threads) > 1 else self.threads[0]

    def run(self, _view: object, paths: tuple[Path, ...], **_: object) -> dict[str, object]:
        return dict.fromkeys(self.nthreads(), VIEW(paths))


def test_workers_may_come_and_go_while_they_are_compared() -> None:
    cluster._compare(Changing({"a": 1}, {"b": 1}), ())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="有 4 个线程"):
        cluster._compare(Changing({"a": 4}, {"a": 4, "b": 1}), ())  # type: ignore[arg-type]
    with pytest.raises(SystemFault, match="no worker is left"):
        cluster._compare(Changing({}, {"a": 1}), ())  # type: ignore[arg-type]


def test_where_all_workers_go_after_they_were_compared_no_file_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deserted(Changing):
        def get_executor(self, **_: object) -> Deserted:
            return self

        def submit(self, *_: object) -> Future[Any]:  # type: ignore[override]
            return Future()

    @contextmanager
    def deserted(*_: object) -> Iterator[Deserted]:
        yield Deserted({})

    monkeypatch.setattr(cluster, "connected", deserted)
    monkeypatch.setattr(cluster, "_GONE", 0)
    monkeypatch.setattr(cluster, "_LOOK", 0.01)
    with pytest.raises(SystemFault, match="no worker is left"):
        on("tcp://127.0.0.1:1", fall_over, "a")


def test_the_doctor_looks_at_the_cluster(tmp_path: Path, address: str) -> None:
    root = make_workspace(tmp_path, settings=settings_with(address))
    (check,) = check_crew(opened(root))
    assert (check.level, "个 worker" in check.says.zh) == ("ok", True)
    settings = root / "config/union.toml"
    settings.write_text(settings_with("nonsense://x"), "utf-8")
    (check,) = check_crew(opened(root))
    assert (check.level, "连不上" in check.says.zh) == ("fault", True)

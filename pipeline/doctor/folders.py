"""Folders and disks: can files be made, renamed and removed, is there room, is it the right place."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from secrets import token_hex

from pipeline.doctor.check import Check, attention, fault, fine
from pipeline.texts import Text
from pipeline.workspace import Paths

_LITTLE, _TOO_LITTLE = 2 << 30, 200 << 20  # bytes: attention, fault
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afpfs", "webdav", "fuse.davfs", "glusterfs")
_MOUNTS = Path("/proc/self/mounts")  # of Linux
_DRIVE_REMOTE = 4  # of Windows' GetDriveType


def check_folders(paths: Paths) -> Iterator[Check]:
    """Yield a finding a folder, and what is wrong between them."""
    for folder in (paths.inbox, paths.outputs, paths.templates, paths.state):
        yield _check_folder(paths.shown(folder), folder)
    yield from _check_nesting(paths)
    yield from _check_privacy(paths)
    yield from _check_state_disk(paths)
    yield from _check_space(paths)


def _check_folder(shown: str, folder: Path) -> Check:
    if not folder.exists():
        above = _existing(folder)
        if os.access(above, os.W_OK):
            return fine("folder", f"{shown}：第一次用到时会建", f"{shown}: made when first needed")
        return fault(
            "folder",
            Text(f"{shown}：没有，也建不了", f"{shown}: not there and cannot be made"),
            Text(
                f"请建好这个文件夹，或给运行帐号 {above} 的写权限。",
                f"Make it, or allow writing in {above}.",
            ),
        )
    try:
        _try_writing(folder)
    except OSError as error:
        return fault(
            "folder",
            Text(
                f"{shown}：不能建、改名或删除文件（{error.strerror}）",
                f"{shown}: files cannot be made, renamed or removed ({error.strerror})",
            ),
            Text(
                "请给运行程序的帐号读、写、删除权限；是共享盘的，看看有没有连上。",
                "Give the account that runs the program the right to read, write and delete; "
                "if it is a share, see that it is connected.",
            ),
        )
    return fine("folder", f"{shown}：可以读写", f"{shown}: can be written")


def _try_writing(folder: Path) -> None:
    probe = folder / f".doctor-{token_hex(4)}.tmp"  # a name that no intake takes
    renamed = probe.with_suffix(".renamed.tmp")
    try:
        probe.write_bytes(b"doctor")
        probe.rename(renamed)
        if renamed.read_bytes() != b"doctor":
            raise OSError(0, "读出来的不是写进去的 (reads back other bytes)")
    finally:
        probe.unlink(missing_ok=True)
        renamed.unlink(missing_ok=True)


def _check_nesting(paths: Paths) -> Iterator[Check]:
    places = {"inbox": paths.inbox, "outputs": paths.outputs, "state": paths.state}
    for (inner, within), (outer, around) in permutations(places.items(), 2):
        if within.resolve().is_relative_to(around.resolve()):
            yield fault(
                "folder",
                Text(f"{inner} 在 {outer} 里面", f"{inner} lies within {outer}"),
                Text(
                    "请在 config/union.toml 的 [paths] 里把它们分开：inbox 共享给各单位，state 不共享。",
                    "Part them in [paths] of config/union.toml: inbox is shared, state is not.",
                ),
            )


def _check_privacy(paths: Paths) -> Iterator[Check]:
    """Yield a finding where everybody on the machine can read the records of persons."""
    if sys.platform == "win32" or not paths.state.exists():
        return
    if paths.state.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        shown = paths.shown(paths.state)
        yield attention(
            "privacy",
            Text(
                f"{shown}：本机所有用户都能看", f"{shown}: every user of this machine can look in"
            ),
            Text(
                f"里面有个人信息。请执行 chmod 700 {shown}",
                f"It holds personal data: chmod 700 {shown}",
            ),
        )


def _check_state_disk(paths: Paths) -> Iterator[Check]:
    if kind := _remote_kind(_existing(paths.state)):
        shown = paths.shown(paths.state)
        yield attention(
            "disk",
            Text(f"{shown} 在网络盘上（{kind}）", f"{shown} lies on a network disk ({kind})"),
            Text(
                "数据库放在网络盘上可能损坏。请把 [paths] state 改到本机硬盘；inbox、outputs 可以在网络盘。",
                "A database on a network disk may be damaged. Put [paths] state on a local disk; "
                "inbox and outputs may stay.",
            ),
        )


def _check_space(paths: Paths) -> Iterator[Check]:
    seen: set[int] = set()
    for folder in (paths.state, paths.outputs, paths.inbox):
        above = _existing(folder)
        device = above.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free, shown = shutil.disk_usage(above).free, paths.shown(folder)
        room = f"{free / (1 << 30):.1f} GB"
        says = Text(f"{shown} 所在的磁盘还剩 {room}", f"{room} free on the disk of {shown}")
        todo = Text("请清理磁盘，或换一个大的。", "Make room, or move to a larger disk.")
        if free < _TOO_LITTLE:
            yield fault("space", says, todo)
        elif free < _LITTLE:
            yield attention("space", says, todo)
        else:
            yield fine("space", says.zh, says.en)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _remote_kind(folder: Path) -> str:
    """Return the kind of network file system that a folder lies on, "" for a local disk."""
    if sys.platform == "win32":
        import ctypes

        drive = ctypes.windll.kernel32.GetDriveTypeW(f"{folder.resolve().anchor}")
        return "network drive" if drive == _DRIVE_REMOTE else ""
    try:
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""  # another system: nothing is known
    mounts = [
        (fields[1].replace("\\040", " "), fields[2])
        for line in lines
        if len(fields := line.split(" ")) > 2
    ]
    resolved = folder.resolve()
    around = [(place, kind) for place, kind in mounts if resolved.is_relative_to(place)]
    kind = max(around, key=lambda mount: len(mount[0]), default=("", ""))[1]
    return kind if kind.startswith(_REMOTE) else ""

"""Faults in the set-up, which stop a command; faults in people's data are `issues`, never these.

    PipelineError                exit 2
    ├── ConfigError              a setting, form, indicator or unit list that cannot be used
    │   └── ExpressionError      a rule or measure outside the rule language
    ├── UsageError               a command asked for something that does not exist
    ├── SystemFault              the disk, a permission or the database gives out
    └── WorkspaceBusy            exit 3: another run holds the workspace

Each carries one line that says where, what and what to do; the command line prints it and
nothing else.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

_SYSTEM_SAYS = {
    errno.ENOSPC: "磁盘满了 (disk full)。请腾出空间后再运行",
    errno.EROFS: "磁盘是只读的 (read-only)。请改成可写后再运行",
    errno.EACCES: "没有权限 (no permission)。请检查运行帐号的权限",
    errno.EPERM: "系统不允许 (not permitted)。请检查运行帐号的权限",
    errno.EIO: "读写出错 (input/output error)。请检查磁盘或网络共享后再运行",
}


class PipelineError(Exception):
    """A command cannot go on; `str()` is the one line to show."""

    exit_status = 2


class ConfigError(PipelineError):
    """A file under `config/` cannot be used as it stands."""


class ExpressionError(ConfigError):
    """An expression is not in the rule language."""


class UsageError(PipelineError):
    """What was asked for does not exist in this workspace."""


class SystemFault(PipelineError):
    """What the system could not do for us; nothing is lost, and the next run goes on from there."""

    @classmethod
    def of(cls, error: OSError) -> SystemFault:
        """Return the fault for an error of the system, saying where, what and what to do.

        >>> print(SystemFault.of(OSError(errno.ENOSPC, "No space left on device", "outputs/a.xlsx")))
        outputs/a.xlsx：磁盘满了 (disk full)。请腾出空间后再运行；收下的文件不会丢 (nothing is lost)。
        """
        where = error.filename2 or error.filename or "系统 (system)"
        what = _SYSTEM_SAYS.get(error.errno or 0)
        what = what or f"{error.strerror or error} (system error)。请排除后再运行"
        return cls(f"{where}：{what}；收下的文件不会丢 (nothing is lost)。")


class WorkspaceBusy(PipelineError):
    """Another run holds the workspace."""

    exit_status = 3


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the member of `known` that `word` most likely meant, or None if none is close."""
    from rapidfuzz import fuzz, process  # heavy import, needed only when something is wrong

    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=50)
    return found[0] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest of `known` was meant, "" if none is close."""
    close = nearest(word, known)
    return f"是否想写 “{close}”？ Did you mean “{close}”?" if close else ""


def unknown_key(where: str, key: str, known: Iterable[str]) -> ConfigError:
    """Return the error for a key that no setting or form has, naming the nearest one that is."""
    known = list(known)
    hint = suggestion(key, known) or "可用 known: " + ", ".join(known)
    return ConfigError(f"{where}: 没有 “{key}” 这一项 (unknown key). {hint}")

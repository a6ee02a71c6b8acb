"""Faults in the set-up, which stop a command; faults in people's data are `issues`, never these.

    PipelineError                exit 2
    ├── ConfigError              a setting, form, indicator or unit list that cannot be used
    │   └── ExpressionError      a rule or measure outside the rule language
    ├── UsageError               a command asked for something that does not exist
    └── WorkspaceBusy            exit 3: another run holds the workspace

Each carries one line that says where, what and what to do; the command line prints it and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable


class PipelineError(Exception):
    """A command cannot go on; `str()` is the one line to show."""

    exit_status = 2


class ConfigError(PipelineError):
    """A file under `config/` cannot be used as it stands."""


class ExpressionError(ConfigError):
    """An expression is not in the rule language."""


class UsageError(PipelineError):
    """What was asked for does not exist in this workspace."""


class WorkspaceBusy(PipelineError):
    """Another run holds the workspace."""

    exit_status = 3


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the member of `known` that `word` most likely meant, or None if none is close."""
    from rapidfuzz import fuzz, process  # heavy import, needed only when something is wrong

    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=50)
    return found[0] if found else None


def unknown_key(where: str, key: str, known: Iterable[str]) -> ConfigError:
    """Return the error for a key that no setting or form has, naming the nearest one that is."""
    known = list(known)
    close = nearest(key, known)
    hint = (
        f"是否想写 “{close}”？ Did you mean “{close}”?"
        if close
        else "可用 known: " + ", ".join(known)
    )
    return ConfigError(f"{where}: 没有 “{key}” 这一项 (unknown key). {hint}")

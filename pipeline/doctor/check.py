"""One finding of `doctor`: how grave it is, what was found and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.texts import Lang, Text

Level = Literal["ok", "attention", "fault"]

_NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Check:
    """A finding. `name` says in one word what was looked at; `todo` is blank where all is well."""

    name: str
    level: Level
    says: Text
    todo: Text = _NOTHING

    def as_json(self, lang: Lang) -> dict[str, str]:
        """Return the object that `doctor --json` prints for it."""
        return {
            "check": self.name,
            "level": self.level,
            "message": self.says[lang],
            "todo": self.todo[lang],
        }


def fine(name: str, zh: str, en: str) -> Check:
    """Return the finding that all is well."""
    return Check(name, "ok", Text(zh, en))


def attention(name: str, says: Text, todo: Text) -> Check:
    """Return a finding that somebody should look at; nights go on all the same."""
    return Check(name, "attention", says, todo)


def fault(name: str, says: Text, todo: Text) -> Check:
    """Return a finding that keeps the next night from doing its work."""
    return Check(name, "fault", says, todo)

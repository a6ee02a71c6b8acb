"""How much a narrative tells, and how it tells less where it comes out too long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is told: of each list, and of each text in characters."""

    activities: int = 10
    problems: int = 6
    undone: int = 6
    coming: int = 8
    issues: int = 5
    names: int = 12
    quoted: int = 60
    rows: int = 40

    def tighter(self) -> Limits:
        """Return the same with one less of everything that may get less."""
        return Limits(
            max(self.activities - 1, 1),
            max(self.problems - 1, 1),
            max(self.undone - 1, 1),
            max(self.coming - 1, 1),
            max(self.issues - 1, 1),
            max(self.names - 2, 2),
            max(self.quoted - 4, 24),
            self.rows,
        )


SHORT = Limits(activities=3, problems=2, undone=2, coming=3, issues=2, names=4, quoted=40)

"""Members as they come and go: a unit in, its people with their wages out.

A unit grows slowly: a few join, fewer leave. Names are plainly invented (甲一, 乙二 …).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from pipeline.demo.units import DemoUnit, person_name

RAISE_MONTH = "07"
_RAISE = Decimal("0.03")
_CENTS = tuple(map(Decimal, ("0", "0", "0.50", "0.85")))


@dataclass(frozen=True, slots=True)
class Member:
    """One member; `joined` and `left` are months, "" for before and after the demo.

    `leaves_as` is the status of the last month, `paused` a status without dues from `pause` on.
    """

    id: str
    name: str
    woman: bool
    base: Decimal
    joined: str = ""
    left: str = ""
    leaves_as: str = ""
    pause: str = ""
    paused: str = ""

    def belongs(self, month: str) -> bool:
        """Whether this is a member at some time in `month`."""
        return self.joined <= month and (not self.left or month <= self.left)

    def stays(self, month: str) -> bool:
        """Whether this is still a member when `month` ends."""
        return self.belongs(month) and month != self.left

    def status(self, month: str) -> str:
        """Return the status that the dues ledger shows, "" for a regular member."""
        if month == self.left:
            return self.leaves_as
        if self.pause and month >= self.pause:
            return self.paused
        return "新入会" if month == self.joined else ""


def members_of(unit: DemoUnit, months: Sequence[str]) -> tuple[Member, ...]:
    """Return everyone who is a member at some time in `months`, by number."""
    rng = Random(f"{unit.org.code} members")
    leaving = {rng.randrange(2, unit.members): n for n in range(rng.choice((0, 1, 1, 2)))}
    old = [_old_member(unit, place, leaving, months, rng) for place in range(unit.members)]
    joining = sorted(rng.choices(months[1:], k=rng.choice((2, 3, 3, 4))))
    new = [
        replace(_person(unit, place, rng), joined=month)
        for place, month in enumerate(joining, unit.members)
    ]
    return (*old, *new)


def founding_members(unit: DemoUnit, month: str) -> tuple[Member, ...]:
    """Return the members of a union founded in `month`."""
    rng = Random(f"{unit.org.code} members")
    people = (_person(unit, place, rng) for place in range(unit.members))
    return tuple(replace(person, joined=month) for person in people)


def wage(member: Member, month: str, first: str) -> Decimal:
    """Return the basic wage in `month`; it has risen every July since `first`."""
    raises = int(month[:4]) - int(first[:4])
    raises += (month[5:] >= RAISE_MONTH) - (first[5:] >= RAISE_MONTH)
    return (member.base * (1 + _RAISE * raises)).quantize(Decimal("0.01"))


def _old_member(
    unit: DemoUnit, place: int, leaving: dict[int, int], months: Sequence[str], rng: Random
) -> Member:
    person = _person(unit, place, rng)
    if place in leaving:
        way = "退休" if leaving[place] == 0 else "转出"
        return replace(person, left=rng.choice(months[2:]), leaves_as=way)
    if place == unit.members - 1 and unit.number % 4 == 1:
        return replace(person, pause=months[4], paused=rng.choice(("保留会籍", "停薪")))
    return person


def _person(unit: DemoUnit, place: int, rng: Random) -> Member:
    return Member(
        id=f"{unit.org.code}-{place + 1:03d}",
        name=person_name(unit.number, place),
        woman=rng.random() < unit.women,
        base=rng.randrange(*unit.base) + rng.choice(_CENTS),
    )

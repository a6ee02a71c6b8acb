"""From one office to 2.5 million unions: a season simulated, on the costs that `measure.py` found.

    python benchmarks/simulate.py [--seed 1]

Simulated are offices that collect a quarter's workbooks: how many come in each day, are refused and
come again, what the night after it takes, what waits for the mail server and for the officer. Two
ways of serving a whole country are compared: a federation, in which every office takes in one
workbook from each office or union below it, and one central office, alone or with a cluster.

Equal seeds give equal figures. What is measured and what is assumed is said in the table below.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Measured (`measure.py --count 240`, see scale.md for the machine)
OWN_MS = 4.8  # processor time of the main process, a workbook, its mail composed
WORKER_MS = 2.3  # of a worker, a workbook
NIGHT_S = 0.3  # of a night beside its workbooks
WAITS = 3.8  # for the disk, a workbook
WAIT_MS = 2.3  # one wait, on a busy disk; an idle one took 0.2
RENDER_S = 0.29  # all outputs of one inner unit, in one process
RENDER_MS = 1.1  # and more, for each workbook below it
DRAWN = 0.75  # part of that which the cores of one machine share (Linux)
STATE_KB = 38.5  # archive and database, a workbook
RECEIPT_KB = 5.5
MAIL_MS = 5.3  # processor time, a message

# Assumed
CORES = 2  # of an office PC
NIGHT_HOURS = 6
QUARTERS_KEPT = 20
DISK_GB = 200  # that an office PC has left
MAILS_A_MINUTE = 30  # what a provider takes from one sender
MINUTES_A_CASE = 5  # a telephone call
MINUTES_A_DAY = 120  # that an officer has for it
CASES = 0.02  # of the workbooks: unreadable, refused twice, a question
REFUSED = (0.25, 0.08, 0.02)  # first, second, any later time
DAYS = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8, 12, 20, 30)  # what comes in on the 15 days, to scale
LATE = 0.05  # come in the ten days after
LEVELS = (("全国 nation", 31), ("省 province", 11), ("市 prefecture", 8), ("区县 county", 14),
          ("乡镇街道 township", 65))  # fmt: skip
SPREAD = 0.5  # of fan-ins around those, as the sigma of a lognormal
CLUSTER = (16, 64, 256)  # workers

DAYS_SEEN = 40


@dataclass(frozen=True)
class Season:
    """What a season came to at one office."""

    longest: Night
    files: int
    mail_backlog: int  # messages that the worst morning found unsent
    cases_backlog: float  # hours of an officer's work waiting on the worst evening
    disk_gb: float

    @property
    def longest_night(self) -> float:
        """Its seconds."""
        return self.longest.whole


def main() -> None:
    """Simulate, and print the tables of scale.md."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--seed", type=int, default=1)
    seed = asked.parse_args().seed
    print("One office PC: what gives out at which fan-in\n")
    for what, limit in LIMITS.items():
        print(f"  {what:<34} {_most(limit, seed):>10,} unions")
    print(
        "\nOne office PC, by fan-in: longest night, mail waiting, officer's hours waiting, disk\n"
    )
    for count in (50, 500, 5_000, 50_000, 500_000):
        season = simulate(count, random.Random(seed))
        print(f"  {count:>8,}  {_time(season.longest_night):>8}  {season.mail_backlog:>9,}"
              f"  {season.cases_backlog:>8,.0f} h  {season.disk_gb:>8,.1f} GB")  # fmt: skip
    print("\nA federation, each office one PC\n")
    for line in federation(seed):
        print(f"  {line}")
    print("\nOne centre for all, by workers\n")
    for line in centre(seed):
        print(f"  {line}")


LIMITS: dict[str, Callable[[Season], bool]] = {
    "officer's attention": lambda s: s.cases_backlog * 60 <= MINUTES_A_DAY,
    "mail rate": lambda s: s.mail_backlog == 0,
    "the night's hours": lambda s: s.longest_night <= NIGHT_HOURS * 3600,
    "the disk": lambda s: s.disk_gb <= DISK_GB,
}


def simulate(
    count: int, rng: random.Random, workers: int = 0, inner: int = 1, levels: int = 1
) -> Season:
    """Return the season of an office that so many hand in to.

    Without `workers` its own cores do all; `inner` is how many units it makes summaries of, in
    how many levels.
    """
    due = _arrivals(count, rng)
    again: list[Counter[int]] = [Counter() for _ in range(DAYS_SEEN + 4)]
    longest = night(0, count, workers, inner, levels)
    mails = cases = worst_mail = worst_cases = 0.0
    total = 0
    for day in range(DAYS_SEEN):
        tries = again[day] + Counter({0: due[day]})
        files = sum(tries.values())
        for times, number in tries.items():
            for later, back in _split(_share(number, REFUSED[min(times, 2)], rng), 3, rng):
                again[day + 1 + later].update({times + 1: back})
        total += files
        work = night(files, count, workers, inner, levels)
        longest = max(longest, work, key=lambda one: one.whole)
        # What is left of the night is for the mail; what is left over waits for the next one.
        room = max(NIGHT_HOURS * 3600 - work.whole, 0) / 60 * MAILS_A_MINUTE
        mails = max(mails + files + inner - room, 0)
        cases = max(cases + _share(files, CASES, rng) * MINUTES_A_CASE - MINUTES_A_DAY, 0)
        worst_mail, worst_cases = max(worst_mail, mails), max(worst_cases, cases)
    kept = total * QUARTERS_KEPT * (STATE_KB + RECEIPT_KB) / 1024 / 1024
    return Season(longest, total, round(worst_mail), worst_cases / 60, kept)


@dataclass(frozen=True)
class Night:
    """Seconds of a night by what they are spent on."""

    reading: float  # by the workers
    keeping: float  # by the main process: archive, records, receipts, waits for the disk
    taking: float  # both, side by side
    sending: float
    rendering: float

    @property
    def whole(self) -> float:
        """All of it."""
        return NIGHT_S + self.taking + self.sending + self.rendering


def night(files: int, count: int, workers: int, inner: int, levels: int) -> Night:
    """Return what a night takes that takes in so many files."""
    reading, own = files * WORKER_MS / 1000, files * OWN_MS / 1000
    keeping = own + files * WAITS * WAIT_MS / 1000
    # The main process is one, however many read for it; on its own it shares the cores with them.
    alone = max(keeping, (own + reading) / CORES)
    render = inner * RENDER_S + count * levels * RENDER_MS / 1000
    return Night(
        reading / (workers or CORES),
        keeping,
        max(keeping, reading / workers) if workers else alone,
        files * MAIL_MS / 1000,
        render * (1 - DRAWN + DRAWN / CORES) if files else 0,
    )


def federation(seed: int) -> Iterator[str]:
    """Yield, for each level from the ground up, its offices and the slowest of their nights."""
    rng = random.Random(seed)
    fan_ins = [[LEVELS[0][1]]]
    for _, mean in LEVELS[1:]:
        fan_ins.append([_draw(mean, rng) for _ in range(sum(fan_ins[-1]))])
    yield f"{sum(fan_ins[-1]):,} unions at the ground"
    elapsed = 0.0
    for (name, _), offices in reversed(list(zip(LEVELS, fan_ins, strict=True))):
        by_size = {n: simulate(n, rng) for n in sorted(set(offices))}
        slowest = max(season.longest_night for season in by_size.values())
        strained = sum(not all(fits(by_size[n]) for fits in LIMITS.values()) for n in offices)
        elapsed += slowest
        yield (f"{name:<20} {len(offices):>7,} offices, fan-in up to {max(offices):>4}, "
               f"slowest night {_time(slowest):>6}, beyond a limit: {strained}")  # fmt: skip
    yield f"one level after the other, all in one night: {_time(elapsed)}"


def centre(seed: int) -> Iterator[str]:
    """Yield what one office for everybody comes to, alone and with clusters."""
    count, inner = 1, 0
    for _, mean in LEVELS:
        inner, count = inner + count, count * mean
    yield f"{count:,} unions, {inner:,} inner units in {len(LEVELS)} levels"
    for workers in (0, *CLUSTER):
        season = simulate(count, random.Random(seed), workers, inner, len(LEVELS))
        longest = season.longest
        yield (f"{f'{workers} workers' if workers else 'alone':<12} longest night "
               f"{_time(longest.whole):>7}: reading {_time(longest.reading):>7}, keeping "
               f"{_time(longest.keeping):>7}, rendering {_time(longest.rendering):>7}, sending "
               f"{_time(longest.sending):>7}")  # fmt: skip
    behind = season.cases_backlog * 60 / MINUTES_A_DAY
    yield (f"however many: mail waiting {season.mail_backlog:,}, an officer {behind:,.0f} days behind, "
           f"disk {season.disk_gb / 1024:,.1f} TB")  # fmt: skip


def _arrivals(count: int, rng: random.Random) -> list[int]:
    """Return how many hand in first on each day; their sum is `count`."""
    weights = [*(d * (1 - LATE) / sum(DAYS) for d in DAYS), *([LATE / 10] * 10)]
    left, share, found = count, 1.0, []
    for weight in weights[:-1]:
        now = _share(left, min(weight / share, 1), rng)
        found.append(now)
        left, share = left - now, share - weight
    return [*found, left, *([0] * (DAYS_SEEN - len(weights)))]


def _share(number: int, share: float, rng: random.Random) -> int:
    """Return how many of so many are hit, each with this chance."""
    if number < 200:
        return sum(rng.random() < share for _ in range(number))
    spread = (number * share * (1 - share)) ** 0.5
    return min(max(round(rng.gauss(number * share, spread)), 0), number)


def _split(number: int, days: int, rng: random.Random) -> Iterator[tuple[int, int]]:
    for day in range(days):
        now = number if day == days - 1 else _share(number, 1 / (days - day), rng)
        number -= now
        yield day, now


def _draw(mean: int, rng: random.Random) -> int:
    # The mean of a lognormal lies above its middle.
    return max(round(rng.lognormvariate(0, SPREAD) * mean / 2.718281828 ** (SPREAD**2 / 2)), 1)


def _most(fits: Callable[[Season], bool], seed: int) -> int:
    """Return the largest fan-in, to two digits, that an office PC can serve."""
    low, high = 1, 10_000_000
    while high - low > max(low // 50, 1):
        middle = (low + high) // 2
        if fits(simulate(middle, random.Random(seed))):
            low = middle
        else:
            high = middle
    digits = len(str(low)) - 2
    return round(low, -digits) if digits > 0 else low


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:,.1f} h"


if __name__ == "__main__":
    main()

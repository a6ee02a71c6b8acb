"""Charts: amounts with their wording in, SVG text out; the same for page, mail and narrative.

Every value is written beside its bar, so a chart needs no axis and loses nothing in grey print.
Bars start at zero. What is undefined or withheld has its wording and no bar: it is no zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.summaries.numbers import Value
from pipeline.summaries.sheets.styles import BLUE, GREY, INK, ORANGE, REST, RULE, SKY
from pipeline.summaries.svg_marks import (
    Anchor,
    description_of,
    document,
    dot,
    height_of,
    line,
    path,
    place_at,
    rect,
    shorten,
    text,
    width_of,
)

WIDTH: Final = 330.0  # about what a telephone shows, so that letters keep their size there

_SERIES: Final = (BLUE, SKY, REST)  # now, a quarter ago, a year ago: dark, middle, light in print
_STATES: Final = (BLUE, ORANGE, "#FFFFFF")  # on time, late, missing: full, half, empty
_ON_STATES: Final = ("#FFFFFF", INK, INK)
_SMALL: Final = 11.0
_GAP: Final = 9.0
_LABELS: Final = 0.41  # of the width, at most
_EDGE: Final = 1.0  # for the outline of what touches the edge


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it is drawn, and as it is written; None is drawn as nothing."""

    value: Value | None
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One category with an amount for every series; one that is `marked` is the total of all."""

    label: str
    amounts: tuple[Amount, ...]
    marked: bool = False


def draw_bars(
    title: str,
    bars: Sequence[Bar],
    series: Sequence[str] = (),
    *,
    full: Value | None = None,
    width: float = WIDTH,
) -> str:
    """Return lying bars, in groups where there are several series.

    `full` is the amount that takes the whole width, the largest one if it is not given.
    """
    left = _label_width(bars, width)
    scale = _scale(bars, left, width, full)
    legend, top = _legend(series, _SERIES, width)
    thick = 17.0 if len(series) < 2 else 12.0
    marks, y = [legend], top
    for bar in bars:
        middle = y + thick * len(bar.amounts) / 2
        marks.append(_label(bar, left, middle))
        for place, amount in enumerate(bar.amounts):
            fill = ORANGE if bar.marked and len(series) < 2 else _SERIES[place % len(_SERIES)]
            marks.append(_draw_bar(scale, amount, y, thick - 1.5, fill))
            y += thick
        y += _GAP
    y -= _GAP
    marks.append(line(scale.zero, top, scale.zero, y, RULE))
    return document(width, y + _EDGE, title, told(bars, series), "".join(marks))


def draw_shares(
    title: str, bars: Sequence[Bar], series: Sequence[str], *, width: float = WIDTH
) -> str:
    """Return bars stacked of the parts of a whole: on time, late and missing."""
    left = _label_width(bars, width)
    whole = max((sum(float(a.value or 0) for a in bar.amounts) for bar in bars), default=0) or 1
    legend, y = _legend(series, _STATES, width)
    marks = [legend]
    for bar in bars:
        marks.append(_label(bar, left, y + 12))
        x = left
        for place, amount in enumerate(bar.amounts):
            long = float(amount.value or 0) / whole * (width - left - _EDGE)
            if long:
                marks.append(_share(x, y, long, amount.words, place))
            x += long
        y += 24 + _GAP
    return document(width, y - _GAP + _EDGE, title, told(bars, series), "".join(marks))


def draw_line(
    title: str, points: Sequence[Bar], *, width: float = WIDTH, height: float = 140
) -> str:
    """Return a line over periods; where an amount is missing, the line has a gap.

    The first, the last, the highest and the lowest amount are written as far as they have room.
    """
    plot = _plot(points, width, height)
    at = [(plot.x(n), plot.y(p.amounts[0].value)) for n, p in enumerate(points)]
    marks = [line(plot.side - 14, plot.bottom, width - plot.side + 14, plot.bottom, RULE)]
    marks += [path(run, BLUE) for run in _runs(at) if len(run) > 1]
    widest = max((width_of(p.label, _SMALL) for p in points), default=0.0)
    every = 1 if plot.step >= widest + 4 else 2
    written = _written(points, at)
    for number, (point, (x, y)) in enumerate(zip(points, at, strict=True)):
        last = number == len(points) - 1
        if (len(points) - 1 - number) % every == 0:
            marks.append(text(x, height - 5, point.label, anchor="middle", size=_SMALL, fill=GREY))
        if y is not None:
            marks.append(dot(x, y, BLUE, 4 if last else 2.5))
        if y is not None and number in written:
            words = point.amounts[0].words
            half = width_of(words) / 2
            inside = min(max(x, half), width - half)
            low = _is_low(at, number) and y + 20 < plot.bottom
            marks.append(text(inside, y + (18 if low else -9), words, anchor="middle", bold=last))
    return document(width, height, title, told(points, ()), "".join(marks))


def stack(title: str, charts: Sequence[tuple[str, str]], *, width: float = WIDTH) -> str:
    """Return one picture of several charts below each other, each with its heading and a margin."""
    margin, y, marks, heard = 14.0, 0.0, [], []
    for heading, chart in charts:
        marks.append(text(margin, y + margin + 10, heading, size=14, bold=True))
        y += margin + 24
        marks.append(place_at(margin, y, chart))
        y += height_of(chart)
        heard.append(f"{heading}. {description_of(chart)}")
    return document(width + 2 * margin, y + margin, title, " ".join(heard), "".join(marks))


def told(bars: Iterable[Bar], series: Sequence[str]) -> str:
    """Return what a chart shows in words, for who hears it."""
    return "; ".join(f"{bar.label}: {', '.join(_named(bar.amounts, series))}" for bar in bars)


def _named(amounts: Sequence[Amount], series: Sequence[str]) -> Iterator[str]:
    for place, amount in enumerate(amounts):
        yield f"{series[place]} {amount.words}" if place < len(series) else amount.words


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where zero lies, and how far a unit reaches."""

    zero: float
    per_unit: float


def _scale(bars: Sequence[Bar], left: float, width: float, full: Value | None) -> _Scale:
    amounts = [amount for bar in bars for amount in bar.amounts]
    values = [float(a.value or 0) for a in amounts]
    most, least = max([*values, float(full or 0)]), min([*values, 0.0])
    words = max((width_of(a.words, _SMALL) for a in amounts), default=0.0) + 6
    before = left + (words if least < 0 else 0)
    per_unit = (width - before - words) / ((most - least) or 1)
    return _Scale(before - least * per_unit, per_unit)


def _draw_bar(scale: _Scale, amount: Amount, y: float, high: float, fill: str) -> str:
    long = float(amount.value or 0) * scale.per_unit
    bar = rect(scale.zero + min(long, 0), y, abs(long), high, fill) if long else ""
    x = scale.zero + long + (-5 if long < 0 else 5)
    colour = GREY if amount.value is None else ""
    side: Anchor = "end" if long < 0 else "start"
    return bar + text(x, y + high / 2 + 4, amount.words, anchor=side, size=_SMALL, fill=colour)


def _share(x: float, y: float, long: float, words: str, place: int) -> str:
    outline = GREY if _STATES[place] == "#FFFFFF" else ""
    box = rect(x, y + 0.5, long, 23, _STATES[place], outline)
    if width_of(words) + 4 > long:
        return box
    middle = x + long / 2
    return box + text(middle, y + 16, words, anchor="middle", fill=_ON_STATES[place], bold=True)


def _label(bar: Bar, left: float, middle: float) -> str:
    shown = shorten(bar.label, left - 8)
    return text(left - 8, middle + 4, shown, anchor="end", bold=bar.marked)


def _label_width(bars: Iterable[Bar], width: float) -> float:
    widest = max((width_of(bar.label) for bar in bars), default=0.0)
    return min(widest + 10, width * _LABELS)


def _legend(series: Sequence[str], fills: Sequence[str], width: float) -> tuple[str, float]:
    """Return the names of the series with their colours, and where the chart begins below."""
    if len(series) < 2:
        return "", 0.0
    marks, x, y = [], 0.0, 0.0
    for name, fill in zip(series, fills, strict=False):
        wide = 16 + width_of(name, _SMALL) + 12
        if x and x + wide > width:
            x, y = 0.0, y + 18
        marks.append(rect(x + 0.5, y + 2.5, 11, 11, fill, GREY if fill == "#FFFFFF" else ""))
        marks.append(text(x + 16, y + 12, name, size=_SMALL, fill=GREY))
        x += wide
    return "".join(marks), y + 26


@dataclass(frozen=True, slots=True)
class _Plot:
    """The field of a line: where a period and an amount stand in it."""

    side: float
    step: float
    top: float
    bottom: float
    floor: float
    high: float

    def x(self, number: int) -> float:
        return self.side + number * self.step

    def y(self, value: Value | None) -> float | None:
        if value is None:
            return None
        share = (float(value) - self.floor) / ((self.high - self.floor) or 1)
        return self.bottom - share * (self.bottom - self.top)


def _plot(points: Sequence[Bar], width: float, height: float) -> _Plot:
    """Return the field: from zero, or from well below where all lies close together far above it."""
    known = [float(a.value) for p in points if (a := p.amounts[0]).value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    near = low > 0 and high - low < low / 2
    floor = low - (high - low or low) if near else min(0.0, low)
    side = 30.0
    step = (width - 2 * side) / max(1, len(points) - 1)
    return _Plot(side, step, 26.0, height - 24, floor, high)


def _runs(at: Sequence[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for x, y in at:
        if y is not None:
            run.append((x, y))
        elif run:
            yield run
            run = []
    yield run


def _is_low(at: Sequence[tuple[float, float | None]], number: int) -> bool:
    """Whether a line comes down to a point, so that what is written above would be crossed out."""
    y = at[number][1] or 0.0
    beside = (at[n][1] for n in (number - 1, number + 1) if 0 <= n < len(at))
    return any(other is not None and other < y - 4 for other in beside)


def _written(points: Sequence[Bar], at: Sequence[tuple[float, float | None]]) -> set[int]:
    """Return whose amounts are written: the telling ones first, others where they are not in the way."""
    known = [n for n, p in enumerate(points) if p.amounts[0].value is not None]
    if not known:
        return set()
    by_size = sorted(known, key=lambda n: float(points[n].amounts[0].value or 0))
    chosen: list[int] = []
    for number in (known[-1], by_size[-1], by_size[0], known[0]):
        half = width_of(points[number].amounts[0].words) / 2
        free = all(
            abs(at[number][0] - at[other][0])
            > half + width_of(points[other].amounts[0].words) / 2 + 6
            for other in chosen
        )
        if free:
            chosen.append(number)
    return set(chosen)

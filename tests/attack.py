"""An attack on published summaries: rows of their 数据 sheets in, small counts of persons out.

It knows the contract's definitions, the tree of units and nothing of how counts are withheld. Every
number that is published is a linear equation over what the single workbooks count; a count is
recovered where the equations leave it one solution, in exact arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

# What a number counts: itself, or its numerator and denominator; None is no count of persons.
COUNTS: Mapping[str, tuple[str | None, ...]] = {
    "O01": ("staff",), "O02": ("members",), "O03": ("women",), "O05": ("net",),
    "O04": ("members", "staff"), "A03": ("attended",), "A04": ("attended", "invited"),
    "A05": ("attended", "members"), "D05": ("full", "owing"), "D07": (None, "payers"),
    "V01": ("persons",), "V02": ("households",), "V04": (None, "persons"),
    "V05": ("in time", "events"), "V06": ("settled", "asked"),
}  # fmt: skip
SHARES = (
    ("members", "staff"), ("women", "members"), ("attended", "invited"), ("full", "owing"),
    ("in time", "events"), ("settled", "asked"),
)  # fmt: skip
SPLITS = {
    "attended": ("category", "month"),
    "persons": ("visit_type", "target_class", "fund"),
    "households": ("visit_type", "target_class", "fund"),
}
SIGNED = ("net",)

Atom = tuple[str, str, str, str]  # what is counted, by whose workbook, dimension and member
Form = dict[Atom, Fraction]  # a sum of atoms, each with a factor


@dataclass(frozen=True)
class Cell:
    """One row of a 数据 sheet; None is a blank cell."""

    unit: str
    indicator: str
    dimension: str
    key: str
    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None


@dataclass(frozen=True)
class Union:
    """What everybody knows: which units hang below which, and who hands in a workbook."""

    parents: Mapping[str, str]
    reports: frozenset[str]

    def below(self, unit: str) -> list[str]:
        """The workbooks that are pooled in a unit's summary."""
        found = [unit] if unit in self.reports else []
        for code, parent in self.parents.items():
            if parent == unit:
                found += self.below(code)
        return found

    def behind(self, cell: Cell) -> list[str]:
        """The workbooks behind a number."""
        if cell.dimension != "unit":
            return self.below(cell.unit)
        return [cell.key] if cell.key == cell.unit else self.below(cell.key)


def recovered(union: Union, cells: Iterable[Cell]) -> dict[str, Fraction]:
    """Return every count of persons that can be worked out, by what it is."""
    cells = [cell for cell in cells if cell.indicator in COUNTS]
    zeros, equations = _equations(union, cells)
    solved = _Solved(zeros)
    for form, amount in sorted(equations, key=lambda equation: len(equation[0])):
        solved.add(form, amount)
    found = {}
    for name, form in _targets(union, cells):
        value = solved.value(form)
        if value is not None:
            found[name] = value
    return found


@dataclass(frozen=True)
class Claim:
    """A sum of what workbooks count in several quarters, as a comparison publishes it: by quarter,
    what is counted and whose workbook, each with a factor."""

    terms: Mapping[tuple[str, str, str], int]
    amount: Fraction


def recovered_together(
    quarters: Mapping[str, tuple[Union, list[Cell]]], claims: Iterable[Claim]
) -> dict[str, Fraction]:
    """Return what can be worked out from several quarters and from what compares them."""
    zeros, equations, targets = set[Atom](), list[tuple[Form, Fraction]](), dict[str, Form]()
    for quarter, (union, cells) in quarters.items():
        cells = [cell for cell in cells if cell.indicator in COUNTS]
        none, found = _equations(union, cells)
        zeros |= {_in_quarter(quarter, atom) for atom in none}
        equations += [(_form_in(quarter, form), amount) for form, amount in found]
        for name, form in _targets(union, cells):
            targets[f"{quarter}: {name}"] = _form_in(quarter, form)
    for claim in claims:
        form = {
            _in_quarter(quarter, (name, workbook, "", "")): Fraction(factor)
            for (quarter, name, workbook), factor in claim.terms.items()
        }
        equations.append((form, claim.amount))
    solved = _Solved(zeros)
    for form, amount in sorted(equations, key=lambda equation: len(equation[0])):
        solved.add(form, amount)
    values = {name: solved.value(form) for name, form in targets.items()}
    return {name: value for name, value in values.items() if value is not None}


def _in_quarter(quarter: str, atom: Atom) -> Atom:
    return (f"{quarter} {atom[0]}", *atom[1:])


def _form_in(quarter: str, form: Form) -> Form:
    return {_in_quarter(quarter, atom): factor for atom, factor in form.items()}


def small(counts: Mapping[str, Fraction], k: int) -> dict[str, Fraction]:
    """Return the counts from 1 to k−1; what came less what went may be below zero, too."""
    return {name: value for name, value in counts.items() if 0 < abs(value) < k}


def _equations(union: Union, cells: list[Cell]) -> tuple[set[Atom], list[tuple[Form, Fraction]]]:
    """What is published, as equations, and the atoms that must be zero."""
    zeros, equations = set[Atom](), list[tuple[Form, Fraction]]()
    members = _members(cells)
    for cell in cells:
        counted = COUNTS[cell.indicator]
        amounts = (cell.value,) if len(counted) == 1 else (cell.numerator, cell.denominator)
        forms = [_form(union, cell, name) if name else {} for name in counted]
        for name, form, amount in zip(counted, forms, amounts, strict=True):
            if name and amount == 0 and name not in SIGNED:
                zeros |= form.keys()
            elif name and amount is not None:
                equations.append((form, amount))
        if len(counted) == 2 and None not in counted and cell.value is not None:
            top, bottom = forms
            ratio = {atom: -cell.value * factor for atom, factor in bottom.items()}
            equations.append((_sum(top, ratio), Fraction(0)))
    for (unit, name, dimension), listed in members.items():
        everywhere = {
            m for (_, n, d), keys in members.items() for m in keys if (n, d) == (name, dimension)
        }
        for workbook in union.below(unit):
            zeros |= {(name, workbook, dimension, m) for m in everywhere - listed}
            whole = {(name, workbook, dimension, m): Fraction(1) for m in everywhere}
            equations.append(({**whole, (name, workbook, "", ""): Fraction(-1)}, Fraction(0)))
    return zeros, equations


def _members(cells: list[Cell]) -> dict[tuple[str, str, str], set[str]]:
    """The members that a summary lists, by unit, count and dimension; blank ones too."""
    found = defaultdict[tuple[str, str, str], set[str]](set)
    for cell in cells:
        for name in COUNTS[cell.indicator]:
            for dimension in SPLITS.get(name or "", ()):
                listed = found[cell.unit, name or "", dimension]
                if cell.dimension == dimension:
                    listed.add(cell.key)
    return found


def _form(union: Union, cell: Cell, name: str) -> Form:
    split = ("", "") if cell.dimension == "unit" else (cell.dimension, cell.key)
    return {(name, workbook, *split): Fraction(1) for workbook in union.behind(cell)}


def _targets(union: Union, cells: list[Cell]) -> Iterator[tuple[str, Form]]:
    """All that must not be found out, as sums of atoms: numbers, workbooks, what remains."""
    names = dict.fromkeys(n for counted in COUNTS.values() for n in counted if n)
    inner = dict.fromkeys(cell.unit for cell in cells)
    groups = {code: union.below(code) for code in (*union.parents, *inner)}
    groups |= {f"{code} itself": [code] for code in union.reports}
    for unit in inner:
        direct = [c for c, p in union.parents.items() if p == unit and c not in inner]
        own = [unit] if unit in union.reports else []
        groups[f"{unit} directly"] = [w for c in direct for w in union.below(c)] + own
    members = _members(cells)
    for group, workbooks in groups.items():
        for name in names:
            yield f"{name} of {group}", {(name, w, "", ""): Fraction(1) for w in workbooks}
            for dimension in SPLITS.get(name, ()):
                listed = {
                    m
                    for (_, n, d), keys in members.items()
                    for m in keys
                    if (n, d) == (name, dimension)
                }
                for member in sorted(listed):
                    form = {(name, w, dimension, member): Fraction(1) for w in workbooks}
                    yield f"{name} of {group} by {dimension} {member}", form
        for part, whole in SHARES:
            rest = {(whole, w, "", ""): Fraction(1) for w in workbooks}
            rest |= {(part, w, "", ""): Fraction(-1) for w in workbooks}
            yield f"{whole} without {part} of {group}", rest


def _sum(form: Form, other: Form, factor: Fraction = Fraction(1)) -> Form:
    found = dict(form)
    for atom, share in other.items():
        found[atom] = found.get(atom, Fraction(0)) + factor * share
    return {atom: share for atom, share in found.items() if share}


class _Solved:
    """Equations brought to a form in which each has an atom that no other has."""

    def __init__(self, zeros: set[Atom]) -> None:
        self._zeros = zeros
        self._rows: dict[Atom, tuple[Form, Fraction]] = {}
        self._with = defaultdict[Atom, set[Atom]](set)

    def add(self, form: Form, amount: Fraction) -> None:
        form, amount = self._reduced(form, amount)
        if not form:
            assert amount == 0, "what is published contradicts itself"
            return
        atom = min(form, key=lambda a: len(self._with[a]))
        form, amount = _sum({}, form, 1 / form[atom]), amount / form[atom]
        for other in self._with.pop(atom, set()):
            row, known = self._rows[other]
            factor = -row[atom]
            self._put(other, _sum(row, form, factor), known + factor * amount)
        self._put(atom, form, amount)

    def value(self, form: Form) -> Fraction | None:
        """The value of a sum of atoms, where the equations leave it only one."""
        rest, amount = self._reduced(form, Fraction(0))
        return None if rest else -amount

    def _reduced(self, form: Form, amount: Fraction) -> tuple[Form, Fraction]:
        form = {atom: share for atom, share in form.items() if atom not in self._zeros}
        for atom in [atom for atom in form if atom in self._rows]:
            row, known = self._rows[atom]
            factor = -form[atom]
            form, amount = _sum(form, row, factor), amount + factor * known
        return form, amount

    def _put(self, atom: Atom, form: Form, amount: Fraction) -> None:
        for old in self._rows.get(atom, ({}, 0))[0].keys() - form.keys():
            self._with[old].discard(atom)
        for new in form.keys() - {atom}:
            self._with[new].add(atom)
        self._rows[atom] = form, amount

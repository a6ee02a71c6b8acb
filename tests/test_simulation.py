"""The page on scale says what the simulation says, and the simulation loses nobody."""

from __future__ import annotations

import importlib
import random
from types import ModuleType

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def simulate() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        return importlib.import_module("simulate")


def test_the_page_has_the_figures_of_the_simulation(
    simulate: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["simulate.py"])
    simulate.main()
    page = (ROOT / "benchmarks/scale.md").read_text("utf-8")
    assert capsys.readouterr().out.rstrip() in page


def test_everybody_hands_in_once_and_what_is_refused_comes_again(simulate: ModuleType) -> None:
    for count in (1, 50, 3_000, 1_000_000):
        assert sum(simulate._arrivals(count, random.Random(3))) == count
        files = simulate.simulate(count, random.Random(3)).files
        assert count <= files < 1.5 * count + 5


def test_more_unions_are_never_less_work(simulate: ModuleType) -> None:
    nights = [simulate.night(n, 10 * n, 0, 1, 1).whole for n in (0, 10, 1_000, 100_000)]
    assert nights == sorted(nights)
    one, many = (simulate.night(10**6, 10**6, workers, 1, 1) for workers in (1, 64))
    assert many.reading < one.reading and many.keeping == one.keeping <= many.taking

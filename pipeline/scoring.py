"""How units score, asked for: a period and a unit in, the scores of all units below it out."""

from __future__ import annotations

from pipeline.nightly import parse_quarter, require_unit
from pipeline.records.store import open_store
from pipeline.summaries.aggregate import figures
from pipeline.summaries.read_score import SCORE_FILE, ScoreSource, read_score_sheet, scores
from pipeline.summaries.score import Score
from pipeline.texts import Lang
from pipeline.workspace import Workspace


def ask_scores(workspace: Workspace, period: str, unit: str = "") -> list[Score]:
    """Return the scores of the units that owe a workbook below a unit, by default of all.

    Like `trace` it shows what is stored, nothing withheld. Raises UsageError and ConfigError.
    """
    quarter, tree = parse_quarter(period), workspace.tree
    if unit:
        require_unit(workspace, unit)
    sheet = read_score_sheet(
        workspace.paths.config / SCORE_FILE, workspace.indicators, workspace.forms
    )
    store = open_store(
        workspace.settings.database.url, workspace.forms, workspace.paths.state, rehearse=True
    )
    try:
        with store.reading() as connection:
            place = (connection, store.tables)
            found = figures(*place, workspace.forms, workspace.indicators, tree, quarter)
            source = ScoreSource(*place, workspace.indicators, tree, quarter, found)
            scored = scores(source, sheet)
    finally:
        store.close()
    below = tree.reporting(unit or tree.root.code, quarter.end)
    return [scored[below_it.code] for below_it in below]


def as_json(score: Score, lang: Lang) -> dict[str, object]:
    """Return the object that `score --json` prints for a unit."""
    return {
        "unit": score.unit,
        "name": score.name,
        "score": None if score.total is None else float(score.total),
        "stars": score.stars,
        "items": [
            {
                "key": item.item.key,
                "label": item.item.label[lang],
                "standing": item.standing,
                "earned": float(item.earned),
                "possible": item.possible,
                "checks": [
                    {
                        "label": point.check.label[lang],
                        "points": point.check.points,
                        "earned": None if point.earned is None else float(point.earned),
                        "value": point.fact.shown[lang] if point.fact else None,
                        "source": point.fact.source[lang] if point.fact else None,
                    }
                    for point in item.points
                ],
            }
            for item in score.items
        ],
    }

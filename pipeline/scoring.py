"""How units score, asked for: a period and a unit in, the scores of all units below it out."""

from __future__ import annotations

from pipeline.errors import UsageError
from pipeline.nightly import parse_asked, require_unit
from pipeline.records.store import open_store
from pipeline.summaries.aggregate import figures
from pipeline.summaries.read_score import SCORE_FILE, scores_of_period
from pipeline.summaries.score import Score
from pipeline.texts import Lang
from pipeline.workspace import Workspace


def ask_scores(workspace: Workspace, period: str, unit: str = "") -> list[Score]:
    """Return the scores of the units that owe a workbook below a unit, by default of all.

    Like `trace` it shows what is stored, nothing withheld. Raises UsageError and ConfigError.
    """
    quarter, tree = parse_asked(workspace, period), workspace.tree
    if not quarter.is_quarter:
        raise UsageError(f"{period}: 打分按季度，请写成 2026Q3 这样 (scores are of quarters)。")
    if unit:
        require_unit(workspace, unit)
    store = open_store(
        workspace.settings.database.url, workspace.forms, workspace.paths.state, rehearse=True
    )
    try:
        with store.reading() as connection:
            place = (connection, store.tables, workspace.forms, workspace.indicators)
            found = figures(*place, tree, quarter)
        sheet = workspace.paths.config / SCORE_FILE
        scored = scores_of_period(store, sheet, workspace.indicators, tree, quarter, found)
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

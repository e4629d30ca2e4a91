"""What reaches a terminal: nothing that moves, turns or hides, and no line that a name has made."""

from __future__ import annotations

import io
from typing import Any, Iterable, Sequence

import pytest
from azure.cli.core.style import Theme, format_styled_text

from azext_aksegress import checks, migration, present, report
from azext_aksegress.render import moves, table, terminal
from azext_aksegress.render.terminal import LONGEST, Line, Look
from azext_aksegress.report import Report
from tests.builders import AZ, Shop
from tests.hostile.commands import judged
from tests.hostile.names import NAMES, Renamed
from tests.test_defects import DEFECTS

SOME = DEFECTS[::12]


@pytest.fixture(autouse=True)
def without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(format_styled_text, "theme", Theme.NONE, raising=False)


def screen(lines: Sequence[Line], encoding: str = "utf-8") -> str:
    """What a terminal of some encoding gets."""
    held = io.BytesIO()
    stream = io.TextIOWrapper(held, encoding)
    present._print(lines, stream)
    stream.flush()
    return held.getvalue().decode(encoding)


def is_clean(text: str) -> bool:
    return terminal.clean(text) == text


def shown(made: Report) -> list[Line]:
    """All that a person can be shown of a judgement and of the move that follows."""
    look, snapshot = Look(100), made.cluster.snapshot
    move = migration.prepare(snapshot, made.request, checks.acceptable_ids())
    lines: Iterable[Iterable[Line]] = (
        terminal.report(made, look),
        terminal.show(report.show_json(snapshot), look),
        terminal.survey([made]),
        moves.refused(move, look) if move.refusals else moves.without_write(move, look, "plan.json"),
        moves.refusals(move),
        moves.started(move.plan, "record.json") if move.plan else (),
    )
    return [line for part in lines for line in part]


@pytest.mark.parametrize("kind", NAMES)
def test_a_screen_has_the_lines_that_we_made_and_nothing_in_them_that_moves(kind: str) -> None:
    for defect in SOME:
        lines = shown(judged(defect, Renamed(NAMES[kind])))
        text = screen(lines)
        assert text.count("\n") == len(lines)
        assert is_clean(text.replace("\n", ""))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_a_terminal_that_knows_few_characters_gets_those(encoding: str) -> None:
    for name in NAMES.values():
        assert screen(shown(judged(SOME[0], Renamed(name))), encoding)


@pytest.mark.parametrize("kind", NAMES)
def test_a_table_has_no_cell_that_moves_or_is_long(kind: str) -> None:
    for defect in SOME:
        made = judged(defect, Renamed(NAMES[kind]))
        move = migration.prepare(made.cluster.snapshot, made.request, checks.acceptable_ids())
        rows: Any = [
            *table.check_rows(made.to_json()),
            *table.check_rows([made.to_row()]),
            *table.show_rows(report.show_json(made.cluster.snapshot)),
            *table.migrate_rows(move.to_json()),
            *table.check_rows([made.to_json(), {"id": f"/x/{NAMES[kind]}", "error": NAMES[kind]}]),
        ]
        cells = [str(cell) for row in rows for cell in row.values()]
        assert all(map(is_clean, cells))
        assert max(map(len, cells)) <= LONGEST + 3


@pytest.mark.parametrize("key", ["outboundType", "networkPlugin", "loadBalancerSku"])
@pytest.mark.parametrize("kind", NAMES)
def test_nor_does_a_setting_of_the_cluster(kind: str, key: str) -> None:
    shop = Shop.byo().routed()
    shop.document["properties"]["networkProfile"][key] = NAMES[kind]
    made = shop.report("userDefinedRouting", AZ)
    assert is_clean(screen(shown(made)).replace("\n", ""))
    cells = [str(cell) for row in table.show_rows(report.show_json(made.cluster.snapshot)) for cell in row.values()]
    assert all(map(is_clean, cells))


def test_a_story_of_megabytes_is_told_in_a_few_lines() -> None:
    shop = Shop.byo().routed()
    pool = {"name": "x" * 2_000_000, "type": "AvailabilitySet"}
    shop.document["properties"]["agentPoolProfiles"][1].update(pool)
    made = shop.report("userDefinedRouting")
    stories = [
        text for line in terminal.findings(made.findings, Look(100)) for style, text in line if style != "action"
    ]
    assert max(map(len, stories)) <= LONGEST + 100


def test_data_for_a_terminal_is_clean_in_every_format() -> None:
    name = NAMES["what moves a terminal"]
    assert is_clean(str(terminal.cleaned({name: [name, {"a": (name, 7, None)}]})))
    assert terminal.cleaned({"a": [1, None, True, "b"]}) == {"a": [1, None, True, "b"]}

"""What a file has lost is never taken for well: of what is not there, nothing is known."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any, Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azext_aksegress import migration, past, report, snapshot, verify
from azext_aksegress.cluster import Cluster
from azext_aksegress.past import RecordError
from azext_aksegress.request import Request
from tests.builders import Shop
from tests.defects import Defect
from tests.fuzz import seeds
from tests.fuzz.mutations import often
from tests.properties.documents import paths
from tests.test_defects import DEFECTS

UDR = "userDefinedRouting"
BY_NAME: Mapping[str, Defect] = {str(row): row for row in DEFECTS if not row.options}
NOTHING: tuple[Any, ...] = (None, "", "text", 7, True, [], {}, [None], {"properties": None}, {"properties": []})
"""What stands where something has been lost."""
_LOST = object()


@st.composite
def without(draw: st.DrawFn, document: Any, places: list[tuple[Any, ...]]) -> Any:
    """A document that has lost what was at up to four places."""
    found = copy.deepcopy(document)
    for number in draw(st.lists(st.integers(0, len(places) - 1), min_size=1, max_size=4, unique=True)):
        place, path = found, places[number]
        try:
            for key in path[:-1]:
                place = place[key]
            instead = draw(st.sampled_from((_LOST, *NOTHING)))
            if instead is _LOST:
                del place[path[-1]]
            else:
                place[path[-1]] = copy.deepcopy(instead)
        except (KeyError, IndexError, TypeError):  # what it was part of is lost already
            assume(False)
    return found


def answers_in(document: Any) -> list[tuple[Any, ...]]:
    """The places at which one answer stands, or all of a kind."""
    parts = ("resources", "collections")
    rows = [(part, key) for part in parts for key in document[part]]
    return [("cluster", "properties"), *((part,) for part in parts), *rows]


def is_an_answer(value: Any) -> bool:
    """An empty list says that there is nothing, and an object that all is as Azure has it by itself."""
    return value == [] or isinstance(value, dict)


def ids(document: Any, asked: Request, *outcomes: str) -> set[str]:
    return set(report.make(snapshot.from_json(document), asked).ids(*outcomes))


@often(100)
@given(st.sampled_from(list(BY_NAME)), st.data())
def test_a_snapshot_that_lost_an_answer_turns_no_check_green(name: str, data: st.DataObject) -> None:
    defect = BY_NAME[name]
    asked = Request(defect.to, **defect.asked)
    document = json.loads(json.dumps(report.show_json(defect.shop().snapshot(asked))))
    before = ids(document, asked, "fail", "warn", "unknown")
    lost = data.draw(without(document, answers_in(document)))
    assume(not is_an_answer(lost["cluster"].get("properties")) or lost["cluster"] == document["cluster"])
    kept = lost.get("collections")
    for key, rows in kept.items() if isinstance(kept, dict) else ():
        assume(rows == document["collections"].get(key) or not is_an_answer(rows))
    assert before & ids(lost, asked, "pass") == set()


RECORD = json.loads(seeds.RECORD)
RANGES = {"authorizedIPRanges": ["20.0.0.0/8", "AzureCloud.northeurope", "52.0.0.1/32"]}
NOT_AS_IT_SAYS = {
    "still where it was": Shop.byo(apiServerAccessProfile=RANGES).routed(),
    "another type": Shop.byo("none", apiServerAccessProfile=RANGES).routed(),
    "another address": Shop.byo(UDR, apiServerAccessProfile=RANGES),
}
NOT_AS_IT_SAYS["another address"].estate.public_ip("pip-firewall", "52.0.0.9")


@pytest.mark.parametrize("case", NOT_AS_IT_SAYS)
@often(50)
@given(lost=without(RECORD, list(paths(RECORD))))
def test_a_record_that_lost_something_proves_no_move_that_was_not_made(case: str, lost: Any) -> None:
    now = Cluster(NOT_AS_IT_SAYS[case].snapshot())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_text(json.dumps(lost))
        try:
            found = past.load(str(path))
        except RecordError:
            return
    said = migration.verified(found, now, verify.after_move(now, found.expected), ())
    assert said["outcome"] == migration.NOT_VERIFIED
    assert set(found.undo.added) <= {"52.0.0.1/32"}


@pytest.mark.parametrize("case", NOT_AS_IT_SAYS)
def test_the_record_itself_proves_no_such_move_either(case: str) -> None:
    now = Cluster(NOT_AS_IT_SAYS[case].snapshot())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_bytes(seeds.RECORD)
        found = past.load(str(path))
    said = migration.verified(found, now, verify.after_move(now, found.expected), ())
    assert said["outcome"] == migration.NOT_VERIFIED

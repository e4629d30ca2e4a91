"""Two commands at once on one cluster and one folder of records: one changes the type, and both tell the truth."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Sequence

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.faults import Before
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop
from tests.e2e.neighbours.conftest import Serve

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UANAT, UDR = "userAssignedNATGateway", "userDefinedRouting"
MANAGED_CLUSTER = "/managedclusters/aks-shop"
DONE = ["sending", "accepted", "succeeded", "applied"]
PROMPT = "(y/N)"


class Gate:
    """Lets a command go on once the others have come as far as it has."""

    def __init__(self, others: threading.Barrier) -> None:
        self._others, self._seen = others, ""

    def __call__(self, text: str) -> None:
        before, self._seen = self._seen, self._seen + text
        if PROMPT in self._seen and PROMPT not in before:
            self._others.wait(120)


def confirmed_at_once(az: Az, folder: Path, *commands: Sequence[str]) -> list[Result]:
    """The results of commands that have all judged the cluster before any of them sends anything."""
    others = threading.Barrier(len(commands))

    def run(words: Sequence[str]) -> Result:
        given = ("aks", "egress", *words, *CLUSTER, "--record-dir", str(folder))
        return on_a_terminal(az, *given, answer="y", prompt=PROMPT, echo=Gate(others))

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))


def migrate(az: Az, folder: Path) -> Result:
    return az("aks", "egress", "migrate", "--to", UDR, "--yes", *CLUSTER, "--record-dir", str(folder))


def records(folder: Path) -> list[Any]:
    """All that is in a folder of records, which is whole JSON of ours and nothing else."""
    return [json.loads(found.read_text()) for found in sorted(folder.iterdir())]


def events(record: Any) -> list[str]:
    return [step["event"] for step in record["steps"]]


def assert_one_was_made(shop: Shop, arm: Arm, results: list[Result], made: list[Any]) -> None:
    """One command changed the type, the other ended as an error; of each there is a record, and it says so."""
    won, lost = sorted(results, key=lambda result: result.code)
    done = next(record for record in made if events(record) == DONE)
    stored = shop.document["properties"]["networkProfile"]["outboundType"]
    assert (won.code, lost.code) == (0, 1), won.out + lost.out
    assert "was changed by somebody else since it was checked" in lost.out
    assert sum(request.applied for request in arm.writes) == 1
    assert sorted(map(events, made)) == [DONE, ["sending", "refused"]]
    assert done["expected"]["request"]["to"] == stored


@pytest.mark.parametrize("to", [UDR, UANAT], ids=["same-target", "another-target"])
def test_of_two_moves_one_is_made(az: Az, serve: Serve, tmp_path: Path, to: str) -> None:
    shop = Shop.byo().routed().gated()
    arm = serve(shop)
    results = confirmed_at_once(az, tmp_path, ("migrate", "--to", UDR), ("migrate", "--to", to))
    assert_one_was_made(shop, arm, results, records(tmp_path))


def test_of_a_move_and_a_rollback_one_is_made(az: Az, serve: Serve, tmp_path: Path) -> None:
    shop = Shop.byo().routed().gated()
    arm = serve(shop)
    assert migrate(az, tmp_path).code == 0
    first = records(tmp_path)
    arm.journal.clear()
    results = confirmed_at_once(az, tmp_path, ("rollback",), ("migrate", "--to", UANAT))
    assert records(tmp_path)[:1] == first
    assert_one_was_made(shop, arm, results, records(tmp_path)[1:])


def test_a_folder_that_is_deleted_meanwhile_is_made_again(az: Az, serve: Serve, tmp_path: Path) -> None:
    arm = serve(Shop.byo().routed())
    folder = tmp_path / "records"
    arm.fault("PUT", MANAGED_CLUSTER, Before(lambda: shutil.rmtree(folder)))
    assert migrate(az, folder).code == 0
    assert [events(record) for record in records(folder)] == [DONE]


def test_a_folder_that_somebody_else_puts_in_its_place_is_left_alone(az: Az, serve: Serve, tmp_path: Path) -> None:
    arm = serve(Shop.byo().routed())
    folder = tmp_path / "records"

    def swap() -> None:
        folder.rename(tmp_path / "taken-away")
        folder.mkdir()
        folder.chmod(0o777)

    arm.fault("PUT", MANAGED_CLUSTER, Before(swap))
    result = migrate(az, folder)
    assert result.code == 0, result.err
    assert "the record cannot be written any more (others may write to this folder)" in result.err
    assert list(folder.iterdir()) == []

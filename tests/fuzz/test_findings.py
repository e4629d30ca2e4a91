"""What the fuzzers found, each with its smallest input; README.md has the list with what became of each."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError

from azext_aksegress import checks, plan, report
from azext_aksegress.apply import apply
from azext_aksegress.follow import OPERATION_TIMEOUT
from azext_aksegress.record import Record
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread, from_json, masked
from tests.armsim.estate import SUBSCRIPTION, cluster_id
from tests.builders import AZ, CLUSTER, Shop
from tests.fuzz import seeds, targets
from tests.fuzz.wire import HOME, JSON, Raw, Wire

ID = cluster_id(CLUSTER).lower()
UANAT = "userAssignedNATGateway"
LOCKS = f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.authorization/locks"
OPERATION = "/subscriptions/x/providers/microsoft.containerservice/locations/westeurope/operations/1"
ASKED = Request(UANAT, cli_version=AZ)
DEEP = b'{"error":{"code":"a","message":"b","details":[' + b'{"code":"a","details":[' * 400 + b"]}" * 400 + b"]}}"
DEEP_DOCUMENT = b'{"id":"/x","properties":' + b'{"a":' * 600 + b"1" + b"}" * 601


def read(answers: dict[str, list[Raw]]) -> tuple[Any, list[AzCLIError]]:
    """What is read where some paths answer otherwise, and what is told where nothing is."""
    found: Any = None
    with Wire(Shop.byo().gated(), answers) as wire, targets.refused() as errors:
        found = wire.azure.read(ASKED, checks.reads([ASKED]))
    return found, errors


@pytest.mark.parametrize(
    "raw",
    [
        Raw(DEEP, 400),
        Raw(DEEP_DOCUMENT),
        Raw(b"[" * 100_000),
        Raw(b'{"value":[{"id":"/x","properties":{"a":NaN}}]}'),
        Raw(b'{"value":[{"id":"/x","properties":{"a":1e999}}]}'),
        Raw(b'{"value":[{"id":"/x\\ud800"}]}'),
        Raw(b"{}", 429, {**JSON, "Retry-After": "soon"}),
        Raw(b"{}", 429, {**JSON, "Retry-After": "nan"}),
    ],
    ids=["deep error", "deep", "deepest", "nan", "infinite", "surrogate", "soon", "never"],
)
class TestWhatAnswersNothing:
    def test_of_a_part_is_unread(self, raw: Raw) -> None:
        found, _ = read({LOCKS: [raw]})
        with pytest.raises(Unread):
            found.collection(LOCKS)

    def test_of_the_cluster_is_an_error(self, raw: Raw) -> None:
        _, errors = read({ID: [raw]})
        assert len(errors) == 1


def moved(put: Raw, look: Raw | None = None) -> tuple[Wire, list[AzCLIError]]:
    """A move whose update, or whose first look at the operation, is answered otherwise."""
    shop = Shop.byo().gated()
    taken = Raw(put.body, put.status, {**put.headers, "Azure-AsyncOperation": f"{HOME}{OPERATION}"})
    ended = Raw(b'{"status":"Failed","error":{"code":"a","message":"b"}}')
    made, wire = plan.make(shop.report(UANAT), ()), Wire(shop, {"PUT": [taken], OPERATION: [look or ended, ended]})

    def tell(_: str) -> None:
        assert wire.slept < 2 * OPERATION_TIMEOUT, "it waits for ever"

    with wire, targets.refused() as errors, tempfile.TemporaryDirectory() as folder:
        apply(wire.azure, made, Record(folder, made, {}), tell)
    return wire, errors


TAKEN = Raw(json.dumps(Shop.byo().document).encode(), 201)


@pytest.mark.parametrize("header", ["Retry-After", "x-ms-retry-after-ms"])
@pytest.mark.parametrize("seconds", ["1e999", "99999999", "nan", "-1", "soon"])
def test_an_operation_that_asks_for_patience_is_looked_at_within_its_hour(header: str, seconds: str) -> None:
    wire, _ = moved(TAKEN, Raw(b'{"status":"InProgress"}', 200, {**JSON, header: seconds}))
    assert len([line for line in wire.sent if OPERATION in line]) == 2


@pytest.mark.parametrize("seconds", ["1e999", "99999999", "nan", "-1", "soon"])
def test_an_update_that_is_throttled_is_sent_again_within_its_hour(seconds: str) -> None:
    wire, _ = moved(Raw(b"{}", 429, {**JSON, "Retry-After": seconds}))
    assert wire.count("PUT") == 4


@pytest.mark.parametrize("raw", [Raw(DEEP, 400), Raw(DEEP, 500), Raw(b"[" * 100_000)], ids=["400", "500", "200"])
@pytest.mark.parametrize("of", ["update", "look"])
def test_an_answer_to_an_update_that_is_too_deep_ends_it_in_words(of: str, raw: Raw) -> None:
    _, errors = moved(raw) if of == "update" else moved(TAKEN, raw)
    assert len(errors) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["a" * 10**6, "eyJ-" * 10**5, "-eyJa" * 10**5, "bearer" + " " * 10**6, "a://" * 10**5])
def test_secrets_are_sought_once_in_a_text_however_long(text: str) -> None:
    """Ten years of a search that begins again at each letter would not do."""
    assert len(masked(text)) >= len(text)


def test_a_number_that_json_cannot_say_again_is_in_no_file(tmp_path: Path) -> None:
    document = json.loads(seeds.RECORD)
    document["plan"] = "@"
    targets.record(tmp_path, json.dumps(document).replace('"@"', "1e999").encode())


def test_half_a_character_in_a_file_is_not_printed(tmp_path: Path) -> None:
    document = json.loads(seeds.SNAPSHOT)
    document["cluster"]["id"] += "\ud800"
    targets.saved_snapshot(tmp_path, json.dumps(document).encode())


def test_a_snapshot_whose_list_of_locks_lost_a_member_does_not_say_that_there_is_none() -> None:
    shop = Shop.byo().gated()
    shop.estate.lock(cluster_id(CLUSTER), "ReadOnly")
    document = shop.snapshot(ASKED).to_json()
    assert "EGR501" in report.make(from_json(document), ASKED).ids("fail")
    document["collections"][LOCKS] = [None]
    assert "EGR501" in report.make(from_json(document), ASKED).ids("unknown")


@pytest.mark.parametrize("target", ["plan", "snapshot"])
def test_a_version_that_is_no_word_is_told_in_a_sentence(tmp_path: Path, target: str) -> None:
    document = {**json.loads(seeds.PLAN), "schemaVersion": "9" * 100_000}
    targets.TARGETS[target](tmp_path, json.dumps(document).encode())

"""The local Azure against Azure: recorded requests are sent to it again, and its answers are Azure's own.

Key paths and values are compared, but for what no two runs share: GUIDs, which eTags and the names of AKS's public IPs
are made of, dates, and hosts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.armsim.arm import Arm, Request
from tests.armsim.messages import Answer

FOLDER = Path(__file__).parent.parent.parent / "shared" / "recordings"
CASSETTES = sorted(FOLDER.glob("*.yaml"))
pytestmark = pytest.mark.skipif(
    not CASSETTES, reason="real AKS traffic (../shared/recordings/*.yaml) is not beside this checkout"
)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z")
_HOST = re.compile(r"https://[^/]+")


@dataclass(frozen=True)
class Exchange:
    """One recorded request, and what Azure answered."""

    method: str
    path: str
    version: str
    sent: Any
    status: int
    answered: Any
    headers: dict[str, list[str]]
    cassette: Path

    def is_of(self, part: str, method: str = "GET", status: int = 200) -> bool:
        return (self.method, self.status) == (method, status) and part in self.path.lower()


@dataclass(frozen=True)
class Step:
    """An update of a cluster: what was there before, the PUT, its operation's answers, and what was there after."""

    before: Exchange
    put: Exchange
    operation: list[Exchange]
    after: Exchange
    addresses: list[Exchange]


def exchanges(cassette: Path) -> list[Exchange]:
    rows = yaml.safe_load(cassette.read_text())["interactions"]
    return [_exchange(row["request"], row["response"], cassette) for row in rows]


def _exchange(request: Any, response: Any, cassette: Path) -> Exchange:
    url = urlsplit(request["uri"])
    sent, answered = request["body"], response["body"]["string"]
    return Exchange(
        request["method"],
        url.path,
        parse_qs(url.query)["api-version"][0],
        json.loads(sent) if sent else None,
        response["status"]["code"],
        json.loads(answered) if answered else None,
        response["headers"],
        cassette,
    )


CLUSTER, OPERATION, ADDRESS = "/managedclusters/", "/operations/", "/publicipaddresses/"


def steps(cassette: Path) -> Iterator[Step]:
    rows = exchanges(cassette)
    addresses = [row for row in rows if row.is_of(ADDRESS)]
    for number, row in enumerate(rows):
        if row.is_of(CLUSTER, "PUT"):
            before = [other for other in rows[:number] if other.is_of(CLUSTER)][-1]
            rest = rows[number + 1 :]
            writes = [index for index, other in enumerate(rest) if other.method != "GET"]
            until = rest[: writes[0]] if writes else rest
            operation = [other for other in until if other.is_of(OPERATION)]
            yield Step(before, row, operation, next(other for other in until if other.is_of(CLUSTER)), addresses)


def every_step() -> list[Any]:
    found = [(cassette, list(steps(cassette))) for cassette in CASSETTES]
    return [pytest.param(step, id=f"{path.stem}-{number}") for path, rows in found for number, step in enumerate(rows)]


def every(part: str, method: str, status: int) -> list[Any]:
    rows = [(path, row) for path in CASSETTES for row in exchanges(path) if row.is_of(part, method, status)]
    return [pytest.param(row, id=f"{path.stem}-{number}") for number, (path, row) in enumerate(rows)]


def last_look(exchange: Exchange, part: str) -> Any:
    """The resource that an exchange is about, as it was seen last in the same recording."""
    return [row for row in exchanges(exchange.cassette) if row.is_of(part) and row.path == exchange.path][-1].answered


def same_but_for_chance(document: Any) -> Any:
    text = _HOST.sub("https://host", json.dumps(document))
    return json.loads(_DATE.sub("date", _GUID.sub("guid", text)))


def assert_same(ours: Any, azures: Any) -> None:
    assert same_but_for_chance(ours) == same_but_for_chance(azures)


def furnished(step: Step) -> Arm:
    """A local Azure with the recorded cluster and the recorded addresses, of the month that the step is of."""
    arm = Arm()
    for row in (step.before, *step.addresses):
        arm.estate.resources[row.path.lower()] = json.loads(json.dumps(row.answered))
    arm.march_2024 = "error" in step.operation[0].answered
    return arm


def again(arm: Arm, exchange: Exchange) -> Answer:
    headers = {"Host": "host"}
    return arm.handle(
        Request(exchange.method, exchange.path, {"api-version": exchange.version}, headers, exchange.sent)
    )


def look(arm: Arm, put: Answer, version: str = "2017-08-31") -> Any:
    url = urlsplit(put.headers["azure-asyncoperation"])
    return arm.handle(Request("GET", url.path, {"api-version": version}, {})).body


def looks(arm: Arm, put: Answer) -> list[Any]:
    """What an operation says at each look, to its end."""
    found = [look(arm, put)]
    while found[-1]["status"] == "InProgress":
        found.append(look(arm, put))
    return found


@pytest.mark.parametrize("step", every_step())
class TestAnUpdateOfACluster:
    def test_the_cluster_before_is_shown_as_azure_shows_it(self, step: Step) -> None:
        assert_same(again(furnished(step), step.before).body, step.before.answered)

    def test_the_answer_to_the_put_is_azures(self, step: Step) -> None:
        answer = again(furnished(step), step.put)
        assert answer.status == step.put.status
        assert_same(answer.body, step.put.answered)

    def test_it_names_its_operation_where_azure_does(self, step: Step) -> None:
        (theirs,) = step.put.headers["azure-asyncoperation"]
        ours = again(furnished(step), step.put).headers["azure-asyncoperation"]
        assert_same(ours.partition("?")[0], theirs.partition("?")[0])

    def test_its_operation_says_what_azures_says(self, step: Step) -> None:
        arm = furnished(step)
        ours = looks(arm, again(arm, step.put))
        for found, theirs in ((ours[0], step.operation[0]), (ours[-1], step.operation[-1])):
            assert_same(found, theirs.answered)

    def test_the_cluster_after_is_the_one_that_azure_made(self, step: Step) -> None:
        arm = furnished(step)
        looks(arm, again(arm, step.put))
        assert_same(again(arm, step.after).body, step.after.answered)


def test_the_step_from_load_balancer_to_nat_gateway_is_among_them() -> None:
    moves = [(step.before.answered, step.put.sent) for path in CASSETTES for step in steps(path)]
    types = [[document["properties"]["networkProfile"]["outboundType"] for document in move] for move in moves]
    assert ["loadBalancer", "managedNATGateway"] in types


@pytest.mark.parametrize("exchange", every(ADDRESS, "GET", 200))
def test_a_public_ip_is_shown_as_azure_shows_it(exchange: Exchange) -> None:
    arm = Arm()
    arm.estate.resources[exchange.path.lower()] = exchange.answered
    answer = again(arm, exchange)
    assert_same(answer.body, exchange.answered)
    assert_same(answer.headers["ETag"], exchange.headers["etag"][0])


@pytest.mark.parametrize("exchange", every(ADDRESS, "PUT", 201))
def test_a_new_public_ip_is_made_as_azure_makes_it(exchange: Exchange) -> None:
    arm = Arm()
    answer = again(arm, exchange)
    assert answer.status == exchange.status
    assert_same(answer.body, exchange.answered)
    assert look(arm, answer) == {"status": "Succeeded"}
    made = arm.handle(Request("GET", exchange.path, {"api-version": exchange.version}, {})).body
    theirs = last_look(exchange, ADDRESS)
    made["properties"]["ipAddress"] = theirs["properties"]["ipAddress"]  # which of its addresses Azure gives is chance
    assert_same(made, theirs)


@pytest.mark.parametrize("exchange", every(CLUSTER, "GET", 404))
def test_a_cluster_that_is_not_there_is_missed_in_azures_words(exchange: Exchange) -> None:
    answer = again(Arm(), exchange)
    assert answer.status == 404
    assert_same(answer.body, exchange.answered)


@pytest.mark.parametrize("exchange", every(CLUSTER, "DELETE", 202))
def test_a_deletion_is_accepted_as_azure_accepts_it(exchange: Exchange) -> None:
    arm = Arm()
    arm.estate.resources[exchange.path.lower()] = last_look(exchange, CLUSTER)
    answer = again(arm, exchange)
    assert (answer.status, answer.body) == (exchange.status, exchange.answered)
    for name in ("azure-asyncoperation", "location"):
        assert_same(answer.headers[name].partition("?")[0], exchange.headers[name][0].partition("?")[0])

"""The limits of Resource Graph, its quota, and what may go wrong with some of its queries alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.caller import Caller
from tests.armsim.estate import SUBSCRIPTION
from tests.armsim.faults import BadJson, CutShort, Fault, Throttled
from tests.armsim.graph_quota import REMAINING, RESETS_AFTER, Quota
from tests.armsim.messages import Answer, Json, Refusal

PATH = "/providers/Microsoft.ResourceGraph/resources"
TABLES = "Resources | where type =~ 'microsoft.network/routeTables'"
CLUSTERS = "Resources | where type =~ 'microsoft.containerService/managedClusters'"
EXPANDED = f"{TABLES} | mv-expand route = properties.routes"


@pytest.fixture
def azure() -> Caller:
    """Six clusters, and a route table of 3,000 routes."""
    found = Caller()
    for number in range(6):
        found.estate.cluster(f"aks-{number}", "none")
    table = found.estate.route_table("rt")
    found.estate[table]["properties"]["routes"] = [{"name": f"r{number}"} for number in range(3000)]
    return found


def send(azure: Caller, query: str, **body: Any) -> Answer:
    return azure.send("POST", PATH, {"query": query, **body})


def ask(azure: Caller, query: str, **body: Any) -> Json:
    answer = send(azure, query, **body)
    assert answer.status == 200, answer.body
    found: Json = answer.body
    return found


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["error"]["details"][0]["code"]


@pytest.mark.parametrize(("limit", "rows"), [("", 128), (" limit 400", 400), (" limit 2000", 2000)])
def test_a_record_is_expanded_to_128_rows_unless_a_limit_is_said(azure: Caller, limit: str, rows: int) -> None:
    assert ask(azure, f"{EXPANDED}{limit} | count")["data"] == [{"Count": rows}]


def test_a_list_is_expanded_under_its_own_name(azure: Caller) -> None:
    rows = ask(azure, f"{TABLES} | extend routes = properties.routes | mv-expand routes limit 3 | project routes.name")
    assert rows["data"] == [{"routes_name": "r0"}, {"routes_name": "r1"}, {"routes_name": "r2"}]


def test_a_bag_is_expanded_to_one_bag_for_each_property(azure: Caller) -> None:
    rows = ask(azure, f"{CLUSTERS} | limit 1 | mv-expand part = sku | project part")
    assert rows["data"] == [{"part": {"name": "Base"}}, {"part": {"tier": "Standard"}}]


@pytest.mark.parametrize("query", [f"{EXPANDED} limit 2001", TABLES + " | mv-expand a = tags" * 4])
def test_more_expansion_than_that_is_refused(azure: Caller, query: str) -> None:
    assert code(send(azure, query)) == (400, "ParserFailure")


def test_an_answer_of_more_than_16_mebibytes_is_refused(azure: Caller) -> None:
    for number in range(6):
        azure.estate[azure.estate.public_ip(f"pip-{number}")]["properties"]["note"] = "x" * 3 * 2**20
    query = "Resources | where type =~ 'microsoft.network/publicIPAddresses'"
    answer = send(azure, query)
    assert code(answer) == (400, "ResponsePayloadTooLarge")
    assert "has exceeded the limit of 16777216." in answer.body["error"]["details"][0]["message"]
    assert ask(azure, query, options={"$top": 5})["count"] == 5


def test_more_than_a_thousand_subscriptions_are_refused(azure: Caller) -> None:
    assert ask(azure, CLUSTERS, subscriptions=[SUBSCRIPTION] * 1000)["count"] == 6
    assert code(send(azure, CLUSTERS, subscriptions=[SUBSCRIPTION] * 1001)) == (400, "InvalidRequest")


def test_locks_are_in_no_table(azure: Caller) -> None:
    azure.estate.lock(f"/subscriptions/{SUBSCRIPTION}")
    assert ask(azure, "Resources | where type =~ 'microsoft.authorization/locks'")["data"] == []


def test_networks_hold_their_subnets_and_tables_list_those_they_are_on(azure: Caller) -> None:
    subnet = azure.estate.vnet("vnet", ["snet"])["snet"]
    azure.estate.attach(subnet, route_table=azure.estate.route_table("rt"))
    query = "Resources | where type in~ ('Microsoft.Network/virtualNetworks', 'Microsoft.Network/routeTables')"
    rows = ask(azure, f"{query} | where resourceGroup == 'rg-net'")["data"]
    found = [row["properties"]["subnets"][0]["id"] for row in rows]
    assert found == [subnet, subnet]


def test_a_change_is_seen_by_the_next_query_but_not_by_the_next_page(azure: Caller) -> None:
    query = f"{CLUSTERS} | project id, name | order by name asc"
    first = ask(azure, query, options={"$top": 3})
    azure.estate.cluster("aks-00", "none")
    rest = ask(azure, query, options={"$top": 3, "$skipToken": first["$skipToken"]})
    assert [row["name"] for row in rest["data"]] == ["aks-3", "aks-4", "aks-5"]
    assert ask(azure, query)["totalRecords"] == 7


def test_types_are_narrowed_by_and_and_by_or_as_conditions_say(azure: Caller) -> None:
    either = "type =~ 'microsoft.network/routeTables' or name == 'aks-1'"
    both = "(type =~ 'microsoft.containerservice/managedclusters' or type == 'x') and name != 'aks-1'"
    assert [row["name"] for row in ask(azure, f"Resources | where {either}")["data"]] == ["aks-1", "rt"]
    assert ask(azure, f"Resources | where {both}")["count"] == 5


def test_every_answer_tells_of_the_quota(azure: Caller) -> None:
    for query in (CLUSTERS, "what"):
        headers = send(azure, query).headers
        assert (headers[REMAINING], headers[RESETS_AFTER]) == ("15", "00:00:05")
        assert headers["x-ms-tenant-subscription-limit-hit"] == "false"


def test_past_the_quota_nothing_is_answered_until_the_window_ends(azure: Caller) -> None:
    now = [100.0]
    azure.arm.graph_quota = Quota(limit=2, clock=lambda: now[0])
    assert [send(azure, CLUSTERS).headers[REMAINING] for _ in range(2)] == ["1", "0"]
    now[0] += 2.5
    throttled = send(azure, CLUSTERS)
    assert (throttled.status, throttled.body["error"]["code"]) == (429, "RateLimiting")
    assert (throttled.headers["Retry-After"], throttled.headers[RESETS_AFTER]) == ("3", "00:00:03")
    now[0] += 2.5
    assert send(azure, CLUSTERS).headers[REMAINING] == "1"


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Throttled(2), 429), (Refusal(403, "AuthorizationFailed", "no"), 403), (Refusal(500, "Oops", "no"), 500)],
)
def test_one_query_can_be_refused_by_its_text(azure: Caller, fault: Fault, status: int) -> None:
    azure.arm.fault("POST", "resourceGraph/resources", fault, asking="ROUTETABLES")
    assert send(azure, CLUSTERS).status == 200
    assert send(azure, TABLES).status == status
    assert send(azure, TABLES).status == 200


@pytest.mark.parametrize(("said", "truncated"), [(True, "true"), (False, "false")])
def test_an_answer_can_be_cut_short_with_or_without_saying_so(azure: Caller, said: bool, truncated: str) -> None:
    azure.arm.fault("POST", "resourceGraph/resources", CutShort(said), asking="managedClusters")
    page = ask(azure, f"{CLUSTERS} | project id", options={"$top": 4})
    assert (page["count"], page["totalRecords"], page["resultTruncated"]) == (2, 6, truncated)
    assert "$skipToken" not in page


def test_an_answer_can_be_broken(azure: Caller) -> None:
    azure.arm.fault("POST", "resourceGraph/resources", BadJson(), asking="managedClusters")
    answer = send(azure, CLUSTERS)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.body.startswith(b"{")

"""Resource Graph: what of its language is answered, page by page, and that the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.caller import Caller
from tests.armsim.estate import OTHER_SUBSCRIPTION, SUBSCRIPTION
from tests.armsim.messages import Json

PATH = "/providers/Microsoft.ResourceGraph/resources"
CLUSTERS = "Resources | where type =~ 'Microsoft.ContainerService/managedClusters'"


@pytest.fixture
def azure() -> Caller:
    found = Caller()
    for name, outbound_type in (("aks-b", "loadBalancer"), ("aks-a", "none"), ("aks-c", "managedNATGateway")):
        found.estate.cluster(name, outbound_type)
    found.estate.public_ip("far", subscription=OTHER_SUBSCRIPTION)
    return found


def ask(azure: Caller, query: str, **body: Any) -> Json:
    answer = azure.send("POST", PATH, {"query": query, **body})
    assert answer.status == 200, answer.body
    found: Json = answer.body
    return found


def names(azure: Caller, query: str, **body: Any) -> list[str]:
    return [row["name"] for row in ask(azure, query, **body)["data"]]


def test_types_and_resource_groups_are_in_lower_case(azure: Caller) -> None:
    row = ask(azure, CLUSTERS)["data"][0]
    assert row["type"] == "microsoft.containerservice/managedclusters"
    assert (row["resourceGroup"], row["subscriptionId"]) == ("rg-shop", SUBSCRIPTION)
    assert row["properties"]["networkProfile"]["outboundType"] == "loadBalancer"


def test_children_and_extensions_are_not_among_the_resources(azure: Caller) -> None:
    azure.estate.lock(f"/subscriptions/{SUBSCRIPTION}")
    azure.estate.vnet("vnet", ["s"])
    kinds = {row["type"] for row in ask(azure, "Resources")["data"]}
    assert "microsoft.network/virtualnetworks" in kinds
    assert not {"microsoft.network/virtualnetworks/subnets", "microsoft.authorization/locks"} & kinds


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("properties.networkProfile.outboundType == 'none'", ["aks-a"]),
        ("properties.networkProfile.outboundType =~ 'LOADBALANCER'", ["aks-b"]),
        ("properties.networkProfile['outboundType'] != 'none'", ["aks-b", "aks-c"]),
        ("name in ('aks-a', 'aks-c')", ["aks-a", "aks-c"]),
        ("name in~ ('AKS-A')", ["aks-a"]),
        ("name !in ('aks-a')", ["aks-b", "aks-c"]),
        ("name == 'aks-a' or name == 'aks-b'", ["aks-a", "aks-b"]),
        ("not(name == 'aks-a') and (name != 'aks-b')", ["aks-c"]),
        ("isnotempty(properties.networkProfile.natGatewayProfile)", ["aks-c"]),
        ("isnull(properties.networkProfile.natGatewayProfile)", ["aks-a", "aks-b"]),
        ("properties.agentPoolProfiles[0]['count'] >= 4", []),
        ("properties.agentPoolProfiles[0].enableNodePublicIP == false", ["aks-a", "aks-b", "aks-c"]),
        ("tostring(properties) contains 'natgatewayprofile'", ["aks-c"]),
        ("tolower(name) startswith 'aks' and name endswith 'b'", ["aks-b"]),
        ("name has 'a'", ["aks-a"]),
    ],
)
def test_conditions(azure: Caller, condition: str, found: list[str]) -> None:
    assert sorted(names(azure, f"{CLUSTERS} | where {condition}")) == found


def test_columns_are_projected_and_paths_are_named_with_underscores(azure: Caller) -> None:
    query = f"{CLUSTERS} | order by name asc | project name, kind = properties.networkProfile.outboundType, sku.name"
    assert ask(azure, query)["data"][0] == {"name": "aks-a", "kind": "none", "sku_name": "Base"}


def test_order_is_descending_unless_said(azure: Caller) -> None:
    assert names(azure, f"{CLUSTERS} | order by name") == ["aks-c", "aks-b", "aks-a"]
    assert names(azure, f"{CLUSTERS} | sort by name asc | limit 2") == ["aks-a", "aks-b"]


def test_columns_are_extended_dropped_made_distinct_and_counted(azure: Caller) -> None:
    assert ask(azure, f"{CLUSTERS} | count")["data"] == [{"Count": 3}]
    assert ask(azure, f"{CLUSTERS} | distinct location")["data"] == [{"location": "westeurope"}]
    rows = ask(azure, f"{CLUSTERS} | extend kind = tolower(type) | project-away properties")["data"]
    assert [("properties" in row, row["kind"]) for row in rows] == [(False, rows[0]["type"])] * 3


def test_lists_are_expanded(azure: Caller) -> None:
    query = f"{CLUSTERS} | mv-expand pool = properties.agentPoolProfiles | project name, pool.name"
    assert ask(azure, query)["data"][0] == {"name": "aks-b", "pool_name": "system"}


def test_comments_and_lines_do_not_matter(azure: Caller) -> None:
    assert names(azure, f"{CLUSTERS}\n// the one\n| where name == 'aks-a'\n") == ["aks-a"]


def test_pages_are_continued_by_their_token(azure: Caller) -> None:
    query = f"{CLUSTERS} | project id, name | order by name asc"
    first = ask(azure, query, options={"$top": 2})
    assert (first["count"], first["totalRecords"], first["resultTruncated"]) == (2, 3, "false")
    rest = ask(azure, query, options={"$top": 2, "$skipToken": first["$skipToken"]})
    assert ([row["name"] for row in rest["data"]], "$skipToken" in rest) == (["aks-c"], False)


def test_rows_without_an_id_are_truncated_and_not_continued(azure: Caller) -> None:
    page = ask(azure, f"{CLUSTERS} | project name", options={"$top": 2})
    assert (page["resultTruncated"], "$skipToken" in page) == ("true", False)


def test_only_the_subscriptions_asked_for_are_answered(azure: Caller) -> None:
    query = "Resources | where type =~ 'microsoft.network/publicIPAddresses' | where name == 'far'"
    assert names(azure, query) == ["far"]
    assert names(azure, query, subscriptions=[SUBSCRIPTION]) == []


def test_what_may_not_be_read_is_silently_left_out(azure: Caller) -> None:
    azure.arm.forbid(f"/subscriptions/{OTHER_SUBSCRIPTION}")
    assert "far" not in names(azure, "Resources")


def test_groups_are_containers(azure: Caller) -> None:
    query = "ResourceContainers | where type =~ 'microsoft.resources/subscriptions/resourcegroups'"
    assert "rg-shop" in names(azure, query)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Tables",
        "Resources | summarize count() by type",
        "Resources | join (Resources) on id",
        "Resources | where",
        "Resources | where name matches regex 'a'",
        "Resources | where strcat(name, 'x') == 'y'",
        "Resources | where name == 'a",
        "Resources | project tostring(name)",
        "Resources | limit many",
        "Resources where name == 'a'",
    ],
)
def test_what_is_not_understood_is_refused(azure: Caller, query: str) -> None:
    answer = azure.send("POST", PATH, {"query": query})
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadRequest")
    assert answer.body["error"]["details"][0]["code"] == "ParserFailure"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": "Resources", "options": {"$top": 1001}},
        {"query": "Resources", "options": {"$skipToken": "mine"}},
        {"query": "Resources", "options": {"resultFormat": "table"}},
    ],
)
def test_options_out_of_range_are_refused(azure: Caller, body: Any) -> None:
    assert azure.send("POST", PATH, body).status == 400

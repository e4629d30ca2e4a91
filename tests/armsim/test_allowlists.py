"""Resources that admit some addresses, as Resource Graph tells them."""

from __future__ import annotations

import pytest

from tests.armsim.allowlists import KINDS, admitting, other_cluster, rule
from tests.armsim.caller import Caller
from tests.armsim.messages import Json

PATH = "/providers/Microsoft.ResourceGraph/resources"


def rows(azure: Caller, condition: str, *columns: str) -> list[Json]:
    query = f"Resources | where {condition} | project {', '.join(('name', *columns))} | order by name asc"
    answer = azure.send("POST", PATH, {"query": query})
    assert answer.status == 200, answer.body
    found: list[Json] = answer.body["data"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_is_empty_or_absent_is_no_longer_than_nothing(kind: str) -> None:
    azure = Caller()
    admitting(azure.estate, kind, "some", "1.1.1.1")
    admitting(azure.estate, kind, "none")
    azure.estate.public_ip("pip")
    lists = ("networkAcls.ipRules", "networkRuleSet.ipRules", "ipRules")
    condition = " or ".join(f"array_length(properties.{path}) > 0" for path in lists)
    assert [row["name"] for row in rows(azure, condition)] == ["some"]


def test_the_rules_of_a_security_group_and_the_ranges_of_a_cluster_are_told() -> None:
    azure = Caller()
    azure.estate.nsg("nsg", [rule("one", "1.1.1.1"), rule("two", "1.1.1.1", "2.2.2.2")])
    other_cluster(azure.estate, "aks", "1.1.1.1")
    (group,) = rows(azure, "name == 'nsg'", "rules = properties.securityRules")
    assert [
        sorted({"sourceAddressPrefix", "sourceAddressPrefixes"} & {*row["properties"]}) for row in group["rules"]
    ] == [
        ["sourceAddressPrefix"],
        ["sourceAddressPrefixes"],
    ]
    (cluster,) = rows(azure, "name == 'aks'", "ranges = properties.apiServerAccessProfile.authorizedIPRanges")
    assert cluster["ranges"] == ["1.1.1.1"]

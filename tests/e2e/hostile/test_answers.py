"""A real az before an Azure that means ill: every command ends, in bounds, with a sentence and the exit code for it."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from tests.armsim.arm import Answer, Arm
from tests.armsim.cli import Az, Result
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop
from tests.e2e.hostile.measured import measured
from tests.hostile.answers import NO_JSON, bomb, endless, whole

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UDR = "userDefinedRouting"
MANAGED_CLUSTER, SUBNET = "/managedclusters/aks-shop", "/subnets/snet-apps"
ALWAYS = 999
MOST = 420
"""MiB of the most memory of az, which is twice the most that was measured, on Linux: by itself a check takes 64, a move
with 10 MB of tags 132, a check with an answer without end to every read 138, and a cluster without end 82 with az
2.91.0 and 209 with 2.56.0. What holds an answer without end, or unpacks a bomb, takes gigabytes."""
Serve = Callable[[Shop], Arm]


def is_told(result: Result, code: int) -> None:
    """A sentence and no traceback, and on stdout strict JSON or nothing."""
    assert result.code == code, result.err
    assert "Traceback" not in result.err
    assert not result.out or json.loads(result.out, parse_constant=_refused)
    assert code == 0 or result.out or "ERROR: " in result.err


def _refused(constant: str) -> None:
    raise ValueError(constant)


class TestTheCluster:
    @pytest.mark.parametrize("kind", ["a key twice", "objects in objects", "a lone surrogate", "NaN"])
    def test_one_that_says_nothing_certain_is_told_as_such(self, each_az: Az, serve: Serve, kind: str) -> None:
        serve(Shop.byo().routed()).fault("GET", MANAGED_CLUSTER, whole(NO_JSON[kind]), times=ALWAYS)
        result = each_az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        is_told(result, 1)
        assert "aks-shop" in result.err

    def test_one_without_end_or_a_bomb_is_told_and_costs_little(self, each_az: Az, serve: Serve) -> None:
        for answer in (endless(), bomb()):
            serve(Shop.byo().routed()).fault("GET", MANAGED_CLUSTER, answer, times=ALWAYS)
            result, mebibytes = measured(each_az, "aks", "egress", "show", *CLUSTER)
            is_told(result, 1)
            assert "larger than 32 MiB" in result.err
            assert mebibytes < MOST

    def test_one_that_is_another_is_not_judged(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        other = json.loads(json.dumps(shop.document).replace("managedClusters/aks-shop", "managedClusters/aks-prod"))
        serve(shop).fault("GET", MANAGED_CLUSTER, Answer(other), times=ALWAYS)
        result = az("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes")
        is_told(result, 1)
        assert "of another cluster" in result.err
        assert not shop.arm.writes

    @pytest.mark.parametrize("after", ["86400", "nan", "soon"])
    def test_nobody_waits_for_it_for_a_day(self, az: Az, serve: Serve, after: str) -> None:
        arm = serve(Shop.byo().routed())
        arm.fault("GET", MANAGED_CLUSTER, Answer({}, 429, {"Retry-After": after}), times=ALWAYS)
        is_told(az("aks", "egress", "show", *CLUSTER), 1)


class TestParts:
    @pytest.mark.parametrize(
        "kind", ["a key twice", "lists without end of them", "a lone surrogate", "two million parts"]
    )
    def test_one_that_says_nothing_certain_leaves_it_undetermined(self, az: Az, serve: Serve, kind: str) -> None:
        serve(Shop.byo().routed()).fault("GET", SUBNET, whole(NO_JSON[kind]), times=ALWAYS)
        result = az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        is_told(result, 5)
        assert result.json["verdict"] == "undetermined"
        assert "the answer is not JSON" in result.out

    def test_answers_without_end_to_every_read_cost_little(self, each_az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed()).fault("GET", "/microsoft.network/", endless(), times=ALWAYS)
        result, mebibytes = measured(each_az, "aks", "egress", "check", *CLUSTER, "--to", UDR)
        is_told(result, 5)
        assert mebibytes < MOST

    def test_a_next_page_on_another_host_gets_no_token(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        link = f"https://localhost:{az.azure.port}/elsewhere?api-version=1"
        arm.fault("GET", "/virtualnetworks", Answer({"value": [], "nextLink": link}), times=ALWAYS)
        arm.fault("GET", "/networkinterfaces", Answer({"value": [], "nextLink": link}), times=ALWAYS)
        result = az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        is_told(result, 5)
        assert "the next page is on another host" in result.out
        assert not [request for request in arm.journal if request.headers["Host"].startswith("localhost")]

    def test_a_thousand_routes_and_rules_are_judged(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed().guarded(*_rules(1000))
        for name in shop.subnets:
            shop.estate[shop.table_id(name)]["properties"]["routes"] += _routes(1000)
        serve(shop)
        result = az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        is_told(result, 0)


def _routes(number: int) -> list[Any]:
    hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4"}
    prefixes = (f"{30 + at // 65536}.{at // 256 % 256}.{at % 256}.0/24" for at in range(number))
    return [{"name": f"r{at}", "properties": {"addressPrefix": found, **hop}} for at, found in enumerate(prefixes)]


def _rules(number: int) -> list[Any]:
    rule = {"direction": "Outbound", "access": "Allow", "protocol": "*", "sourceAddressPrefix": "*"}
    more = {"sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}
    return [{"name": f"r{at}", "priority": 100 + at, **rule, **more} for at in range(number)]


class TestTags:
    def test_ten_megabytes_of_them_are_carried_along_and_cost_little(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        tags = {f"tag{number}": "x" * 10_000 for number in range(999)} | {"one": "eyJ-" * 2_500}
        shop.document["tags"] = dict(tags)
        serve(shop)
        words = ("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes")
        result, mebibytes = measured(each_az, *words)
        is_told(result, 0)
        assert shop.document["tags"] == tags
        assert mebibytes < MOST
        is_told(each_az("aks", "egress", "verify", *CLUSTER), 0)

    def test_what_is_in_them_reaches_no_terminal(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        shop.document["tags"] = {"terraform\x9b31m": "\u202egnp\x1b]8;;x\x07\u200b"}
        shop.document["properties"]["agentPoolProfiles"][1]["name"] = "apps\x9b2J\u202e\nForged: all is well"
        serve(shop)
        seen: list[str] = []
        for words in (("check", *CLUSTER, "--to", UDR), ("show", *CLUSTER), ("show", *CLUSTER, "-o", "json")):
            on_a_terminal(az, "aks", "egress", *words, echo=seen.append)
        text = "".join(seen)
        assert "apps 2J" in text
        assert not {"\x9b", "\u202e", "\u200b", "\x07", "\x1b]"} & {
            *text,
            *(text[at : at + 2] for at in range(len(text))),
        }
        assert not [line for line in text.splitlines() if line.strip().startswith("Forged")]

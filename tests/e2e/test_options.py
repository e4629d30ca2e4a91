"""The options of a move in a real az: what is sent, what is proven, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.estate import isolated, network_id
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
V2 = ("--outbound-type-sku", "StandardV2", "--accept", "EGR601")
Serve = Callable[[Shop], Arm]


def migrate(az: Az, *words: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, *words, "--yes")


def sent(arm: Arm, profile: str) -> Any:
    """A profile as it was in the one write."""
    (put,) = arm.writes
    return put.body["properties"]["networkProfile"][profile]


def outcomes(result: Result) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in result.json["verification"]["findings"]}


class TestTheLoadBalancer:
    def test_gets_counts_ports_timeout_and_pool_type(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo(UDR)
        arm = serve(shop)
        options = [
            *("--load-balancer-managed-outbound-ip-count", "3", "--load-balancer-outbound-ports", "1024"),
            *("--load-balancer-idle-timeout", "60", "--load-balancer-backend-pool-type", "nodeIP"),
        ]
        result = migrate(each_az, "--to", LB, *options)
        assert (result.code, outcomes(result)["verify.options"]) == (0, "pass"), result.err
        assert sent(arm, "loadBalancerProfile") == {
            "managedOutboundIPs": {"count": 3},
            "allocatedOutboundPorts": 1024,
            "idleTimeoutInMinutes": 60,
            "backendPoolType": "nodeIP",
        }

    def test_gets_addresses_of_ones_own_which_are_known_before_the_move(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed("none", **isolated())
        own = [shop.own_ip("pip-one", ipAddress="52.0.1.1"), shop.own_ip("pip-two", ipAddress="52.0.1.2")]
        arm = serve(shop)
        result = migrate(az, "--to", LB, "--load-balancer-outbound-ips", ",".join(own))
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert sent(arm, "loadBalancerProfile") == {"outboundIPs": {"publicIPs": [{"id": found} for found in own]}}
        assert result.json["plan"]["gainedIps"] == ["52.0.1.1", "52.0.1.2"]
        assert sorted(result.json["verification"]["egressIps"]) == ["52.0.1.1", "52.0.1.2"]

    def test_moves_from_made_addresses_to_ones_own_and_back(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed()
        own = shop.own_ip(ipAddress="52.0.1.1")
        serve(shop)
        there = migrate(az, "--to", LB, "--lb-ips", own)
        assert (there.code, there.json["verification"]["egressIps"]) == (0, ["52.0.1.1"]), there.err
        assert there.json["plan"]["releasedIps"]
        again = migrate(az, "--to", LB, "--lb-ips", own)
        assert (again.code, again.json["outcome"]) == (0, "nothingToDo")
        back = migrate(az, "--to", LB, "--lb-ip-count", "2")
        assert (back.code, len(back.json["verification"]["egressIps"])) == (0, 2), back.err
        assert own.lower() in shop.estate.resources

    def test_gets_more_addresses_and_keeps_the_old_ones(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed()
        serve(shop)
        before = az.must("aks", "egress", "show", *CLUSTER).json["egress"]["egressIps"]
        result = migrate(az, "--to", LB, "--lb-ip-count", "3")
        assert result.code == 0, result.err
        assert set(before) < set(result.json["verification"]["egressIps"])


class TestTheNatGateway:
    def test_gets_counts_and_timeout(self, each_az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        options = ("--nat-gateway-managed-outbound-ip-count", "2", "--nat-gateway-idle-timeout", "30")
        result = migrate(each_az, "--to", MNAT, *options, "--accept", "EGR604")
        assert (result.code, outcomes(result)["verify.options"]) == (0, "pass"), result.err
        assert sent(arm, "natGatewayProfile") == {
            "managedOutboundIPProfile": {"count": 2},
            "idleTimeoutInMinutes": 30,
        }

    def test_gets_addresses_of_ones_own_with_standard_v2(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed()
        own = shop.own_ip(sku="StandardV2", ipAddress="52.0.1.1")
        arm = serve(shop)
        result = migrate(az, "--to", MNAT, *V2, "--nat-gw-ips", own)
        assert (result.code, result.json["verification"]["egressIps"]) == (0, ["52.0.1.1"]), result.err
        assert sent(arm, "natGatewayProfile") == {"outboundIPs": {"publicIPs": [own]}, "sku": "StandardV2"}

    def test_moves_from_standard_to_standard_v2_with_new_addresses(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed(MNAT)
        serve(shop)
        before = az.must("aks", "egress", "show", *CLUSTER).json["egress"]["egressIps"]
        result = migrate(az, "--to", MNAT, *V2)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert not set(before) & set(result.json["verification"]["egressIps"])


class TestLeavingIsolation:
    def test_the_cache_stays_and_the_way_to_leave_it_is_named(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed("none", **isolated())
        arm = serve(shop)
        result = migrate(az, "--to", LB)
        assert result.code == 0
        assert arm.writes[0].body["properties"]["bootstrapProfile"]["artifactSource"] == "Cache"
        commands = [fix["command"] for fix in result.json["plan"]["afterwards"]]
        assert ["--bootstrap-artifact-source Direct" in line for line in commands] == [True, False]
        assert "--node-image-only" in commands[1]

    def test_with_direct_the_cache_is_left_and_the_reimage_is_named(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed("none", **isolated())
        arm = serve(shop)
        result = migrate(az, "--to", LB, "--bootstrap-artifact-source", "Direct")
        assert (result.code, outcomes(result)["verify.options"]) == (0, "pass"), result.err
        assert arm.writes[0].body["properties"]["bootstrapProfile"] == {"artifactSource": "Direct"}
        assert "reimaged" in result.json["plan"]["disruption"]
        assert "az aks upgrade" in result.err
        assert "--node-image-only" in result.err


class TestRefused:
    @pytest.mark.parametrize(
        "words",
        [
            ("--to", UDR, "--load-balancer-idle-timeout", "30"),
            ("--to", LB, "--nat-gateway-idle-timeout", "30"),
            ("--to", MNAT, "--load-balancer-outbound-ports", "8"),
            ("--to", LB, "--nat-gateway-sku", "Standard"),
            ("--to", "none", "--bootstrap-artifact-source", "Direct"),
            ("--to", LB, "--bootstrap-artifact-source", "Cache"),
            ("--to", LB, "--load-balancer-managed-outbound-ip-count", "many"),
            ("--to", LB, "--load-balancer-outbound-ips", " , "),
            ("--to", LB, "--load-balancer-backend-pool-type", "both"),
        ],
    )
    def test_an_option_that_is_not_the_targets_is_a_usage_error(
        self, az: Az, serve: Serve, words: tuple[str, ...]
    ) -> None:
        arm = serve(Shop.byo())
        result = migrate(az, *words)
        assert (result.code, result.out) == (2, "")
        assert words[2] in result.err
        assert arm.journal == []

    def test_an_option_without_a_target_is_a_usage_error(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo())
        result = az("aks", "egress", "check", *CLUSTER, "--load-balancer-idle-timeout", "30")
        assert result.code == 2
        assert "--to loadBalancer" in result.err
        assert arm.journal == []

    @pytest.mark.parametrize(
        ("check_id", "words"),
        [
            ("EGR403", ("--to", LB, "--load-balancer-managed-outbound-ip-count", "0")),
            ("EGR403", ("--to", LB, "--load-balancer-outbound-ports", "1001")),
            ("EGR403", ("--to", MNAT, "--nat-gateway-managed-outbound-ip-count", "17")),
            ("EGR403", ("--to", MNAT, "--nat-gateway-idle-timeout", "3")),
            ("EGR403", ("--to", MNAT, "--nat-gateway-managed-outbound-ipv6-count", "1")),
            ("EGR224", ("--to", LB, "--load-balancer-outbound-ips", "pip-own")),
            ("EGR224", ("--to", LB, "--load-balancer-outbound-ips", network_id("publicIPAddresses", "pip-gone"))),
            ("EGR224", ("--to", LB, "--load-balancer-outbound-ips", network_id("publicIPAddresses", "pip-east"))),
            (
                "EGR224",
                (
                    *("--to", LB, "--load-balancer-outbound-ips", network_id("publicIPAddresses", "pip-own")),
                    *("--load-balancer-managed-outbound-ip-count", "2"),
                ),
            ),
            ("EGR224", ("--to", MNAT, "--nat-gateway-outbound-ips", network_id("publicIPAddresses", "pip-own"))),
        ],
    )
    def test_what_aks_would_refuse_is_blocked_with_its_cure(
        self, az: Az, serve: Serve, check_id: str, words: tuple[str, ...]
    ) -> None:
        shop = Shop.managed("none", **isolated())
        shop.own_ip("pip-own")
        shop.own_ip("pip-east", location="eastus")
        arm = serve(shop)
        result = migrate(az, *words, "--accept", "EGR604")
        assert (result.code, result.json["outcome"]) == (4, "blocked")
        assert check_id in {row["id"] for row in result.json["report"]["findings"] if row["outcome"] == "fail"}
        assert check_id in result.err
        assert arm.writes == []

    def test_an_address_that_cannot_be_read_leaves_it_undetermined(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed("none", **isolated())
        own = shop.own_ip()
        shop.arm.forbid(own)
        arm = serve(shop)
        assert migrate(az, "--to", LB, "--lb-ips", own).code == 5
        assert arm.writes == []

    def test_a_check_judges_the_same_options(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo(UDR))
        result = az("aks", "egress", "check", *CLUSTER, "--to", LB, "--lb-idle-timeout", "500")
        assert result.code == 4
        assert "4 to 120" in {row["expected"] for row in result.json["findings"] if row["id"] == "EGR403"}


class TestNoWait:
    def test_it_returns_once_azure_has_taken_the_update(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        result = migrate(each_az, "--to", UDR, "--no-wait")
        assert (result.code, result.json["outcome"], result.json["verification"]) == (0, "started", None)
        assert result.json["plan"]["steps"]
        assert result.json["record"].endswith(".json")
        assert [request.method for request in arm.writes] == ["PUT"]
        assert arm.journal[-1].method == "PUT"
        assert "az aks wait" in result.err
        assert shop.document["properties"]["provisioningState"] == "Updating"

    def test_a_second_one_meanwhile_is_blocked_by_the_running_operation(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed().gated())
        migrate(az, "--to", UDR, "--no-wait")
        result = migrate(az, "--to", "userAssignedNATGateway")
        assert result.code == 4
        assert "EGR107" in result.err


class TestTheAuthorizedRanges:
    @pytest.mark.parametrize("option", ["--update-authorized-ip-ranges", "--update-ip-ranges"])
    def test_a_check_says_what_the_move_would_add_to_them(self, each_az: Az, serve: Serve, option: str) -> None:
        serve(Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["203.0.113.0/24"]}).gated())
        plain = each_az("aks", "egress", "check", *CLUSTER, "--to", UANAT)
        asked = each_az("aks", "egress", "check", *CLUSTER, "--to", UANAT, option)
        assert (plain.code, asked.code) == (4, 0), asked.err
        assert [found_of(result)["outcome"] for result in (plain, asked)] == ["fail", "note"]
        assert found_of(asked)["observed"].startswith("52.0.0.2/32 will be added")


def found_of(result: Result) -> Any:
    """The one finding about the authorized ranges."""
    (found,) = (row for row in result.json["findings"] if row["id"] == "EGR301")
    return found

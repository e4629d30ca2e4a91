from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress.checks import unknown
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import SUBSCRIPTION, cluster_id, isolated, load_balancer_profile, network_id
from tests.builders import CLUSTER, Shop, fixes

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
AGAIN = f"az aks egress check --ids {cluster_id(CLUSTER)}"


class TestEGR402SnatPortsAreEnough:
    def test_as_many_as_before_pass_and_both_are_said(self) -> None:
        (finding,) = Shop.managed().findings("EGR402", MNAT)
        assert (finding.outcome, finding.seen.observed) == (
            "pass",
            "64,000 SNAT ports (load balancer 1 x 64,000) -> 64,512 SNAT ports (NAT gateway 1 x 64,512)",
        )

    def test_fewer_than_before_warn_with_the_count_that_keeps_them(self) -> None:
        shop = Shop.managed()
        ids = [shop.estate.outbound_ip(CLUSTER) for _ in range(3)]
        shop.network(loadBalancerProfile=load_balancer_profile(ids))
        (finding,) = shop.findings("EGR402", MNAT, nat_gateway_sku="Standard")
        assert (finding.outcome, finding.seen.observed) == (
            "warn",
            "192,000 SNAT ports (load balancer 3 x 64,000) -> 64,512 SNAT ports (NAT gateway 1 x 64,512)",
        )
        more = f"{AGAIN} --to managedNATGateway --nat-gateway-sku Standard --nat-gateway-managed-outbound-ip-count 3"
        assert fixes([finding]) == [("before", more)]
        assert shop.outcome("EGR402", MNAT, ip_count=3) == "pass"

    def test_with_addresses_of_ones_own_it_names_no_count(self) -> None:
        shop = Shop.managed(MNAT)
        found = shop.findings("EGR402", LB, ip_ids=(shop.own_ip(),))
        assert [(row.outcome, row.seen.fix) for row in found] == [("warn", ())]

    def test_fewer_than_what_is_known_of_today_warn_too(self) -> None:
        shop = Shop.managed()
        ids = [shop.estate.outbound_ip(CLUSTER) for _ in range(3)]
        shop.network(loadBalancerProfile=load_balancer_profile(ids))
        shop.arm.forbid(ids[0])
        assert shop.outcome("EGR402", MNAT) == "warn"

    def test_the_path_of_ones_own_is_compared_with_the_load_balancer_that_it_took_over_from(self) -> None:
        (finding, _) = Shop.byo().routed().findings("EGR402", UDR)
        assert (finding.outcome, finding.seen.observed) == (
            "warn",
            "64,000 SNAT ports (load balancer 1 x 64,000) -> "
            "4,992 SNAT ports (Azure Firewall 1 x 2,496 on each of 2 instances or more)",
        )
        (finding,) = Shop.byo().gated().findings("EGR402", UANAT)
        assert (finding.outcome, (finding.seen.observed or "")[:15]) == ("pass", "64,000 SNAT por")

    def test_what_an_appliance_has_cannot_be_seen_and_is_said(self) -> None:
        (finding,) = Shop.byo().routed(hop="10.1.0.9").findings("EGR402", UDR)
        assert finding.outcome == "note"
        assert "the public addresses behind next hop 10.1.0.9" in (finding.seen.observed or "")

    def test_what_could_not_be_read_is_unknown_and_only_warns(self) -> None:
        shop = Shop.byo().routed().forbid("snet-apps")
        assert ("unknown", "snet-apps") in shop.outcomes("EGR402", UDR)
        assert decided(shop, UDR) == {False}

    def test_firewalls_that_cannot_be_listed_are_unknown_once(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/azureFirewalls")
        assert shop.outcomes("EGR402", UDR) == [("unknown", "azureFirewalls")]
        assert decided(shop, UDR) == {False}

    def test_a_nat_gateway_on_the_firewalls_subnet_has_its_own_ports_and_is_not_advised_again(self) -> None:
        shop = behind_gateway()
        (finding,) = shop.findings("EGR402", UDR)
        assert (finding.outcome, finding.seen.observed) == (
            "pass",
            "64,000 SNAT ports (load balancer 1 x 64,000) -> 64,512 SNAT ports (NAT gateway 1 x 64,512)",
        )

    def test_a_gateway_there_that_cannot_be_read_is_unknown_and_only_warns(self) -> None:
        shop = behind_gateway()
        shop.arm.forbid(network_id("natGateways", "nat-hub"))
        assert shop.outcomes("EGR402", UDR) == [("unknown", "nat-hub")]
        assert decided(shop, UDR) == {False}

    @pytest.mark.parametrize(("to", "cause"), [(UDR, "EGR201"), (UANAT, "EGR211")])
    def test_a_subnet_without_a_way_out_makes_it_moot(self, to: str, cause: str) -> None:
        (finding,) = Shop.byo().findings("EGR402", to)
        assert (finding.outcome, finding.seen.observed) == ("skip", f"because of {cause}")

    @pytest.mark.parametrize("to", ["none", "block"])
    def test_an_isolated_cluster_has_no_snat_ports(self, to: str) -> None:
        assert Shop.managed(**isolated()).outcome("EGR402", to) == "skip"

    def test_a_firewall_with_fewer_than_20_public_ips_warns_once_and_is_named(self) -> None:
        (_, finding) = Shop.byo().routed().findings("EGR402", UDR)
        assert (finding.outcome, finding.seen.observed) == (
            "warn",
            "fw-hub: 1 x 2,496 SNAT ports on each of 2 instances or more; AKS advises 20 public IPs",
        )
        assert finding.seen.expected == "20 public IPs, or a NAT gateway on AzureFirewallSubnet"

    def test_a_firewall_with_20_passes(self) -> None:
        shop = Shop.byo().routed()
        rows = firewall(shop)["properties"]["ipConfigurations"]
        more = [{"publicIPAddress": {"id": shop.estate.public_ip(f"pip-{number}")}} for number in range(19)]
        rows += [{"name": str(number), "properties": row} for number, row in enumerate(more)]
        assert shop.outcome("EGR402", UDR) == "pass"

    def test_the_public_ips_of_a_firewall_in_a_virtual_hub_are_counted_by_azure(self) -> None:
        shop = Shop.byo().routed()
        hub = {"privateIPAddress": "10.1.0.4", "publicIPs": {"count": 3, "addresses": []}}
        firewall(shop)["properties"] = {"hubIPAddresses": hub}
        assert shop.outcomes("EGR402", UDR) == [("note", CLUSTER), ("warn", "fw-hub")]

    def test_for_other_targets_the_firewall_of_today_is_not_judged(self) -> None:
        assert Shop.byo(UDR).outcome("EGR402", LB) == "pass"


def decided(shop: Shop, to: str, **options: Any) -> set[bool]:
    """Whether what is unknown of EGR402 decides."""
    seen = [finding.seen for finding in shop.findings("EGR402", to, **options) if finding.outcome == "unknown"]
    like = {decides: unknown(Unread(None, ""), decides=decides) for decides in (True, False)}
    return {
        decides
        for decides, outcome in like.items()
        for row in seen
        if row == outcome._replace(resource=row.resource, observed=row.observed)
    }


def behind_gateway() -> Shop:
    """A cluster behind a firewall, whose subnet has a NAT gateway."""
    shop = Shop.byo().routed()
    gateway = shop.estate.nat_gateway("nat-hub", [shop.estate.public_ip("pip-hub", "52.0.0.7")])
    shop.estate.attach(f"{network_id('virtualNetworks', 'vnet-hub')}/subnets/AzureFirewallSubnet", nat_gateway=gateway)
    return shop


def firewall(shop: Shop) -> dict[str, Any]:
    return next(row for row in shop.estate.resources.values() if row["name"] == "fw-hub")


class TestEGR402PortsAllocatedToNodes:
    """Three nodes, and one more during an upgrade: 16,000 ports for each fit into 64,000, and 16,008 do not."""

    @pytest.mark.parametrize(("ports", "outcome"), [(16_000, "pass"), (16_008, "fail")])
    def test_the_ports_of_all_nodes_and_of_an_upgrade_must_fit(self, ports: int, outcome: str) -> None:
        assert Shop.managed("none").outcome("EGR402", LB, ports=ports) == outcome

    def test_too_few_fail_with_the_count_of_addresses_that_it_takes(self) -> None:
        (finding,) = Shop.managed("none").findings("EGR402", LB, ports=24_000)
        assert (finding.outcome, finding.seen.observed) == (
            "fail",
            "24,000 SNAT ports for each of 4 nodes (an upgrade included) are 96,000, and the load balancer has "
            "64,000 (1 x 64,000)",
        )
        more = "--load-balancer-managed-outbound-ip-count 2 --load-balancer-outbound-ports 24000"
        assert [set(command.split()) for _, command in fixes([finding])] == [
            {*AGAIN.split(), "--to", LB, *more.split()}
        ]
        assert Shop.managed("none").outcome("EGR402", LB, ports=24_000, ip_count=2) == "pass"

    def test_with_addresses_of_ones_own_the_fix_is_fewer_ports(self) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        (finding,) = shop.findings("EGR402", LB, ports=24_000, ip_ids=(own,))
        command = f"{AGAIN} --to loadBalancer --load-balancer-outbound-ips {own} --load-balancer-outbound-ports 16000"
        assert (finding.outcome, fixes([finding])) == ("fail", [("before", command)])

    def test_a_prefix_of_ones_own_has_all_its_addresses(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/31")
        assert shop.outcome("EGR402", LB, ports=32_000, prefix_ids=(prefix,)) == "pass"
        assert shop.outcome("EGR402", LB, ports=32_008, prefix_ids=(prefix,)) == "fail"

    def test_a_cluster_that_can_outgrow_them_warns(self) -> None:
        shop = Shop.managed("none").pool("system", enableAutoScaling=True, minCount=1, maxCount=9)
        (finding,) = shop.findings("EGR402", LB, ports=8_000)
        assert finding.outcome == "warn"
        assert "8,000 SNAT ports for each of 10 nodes (grown pools and an upgrade included)" in (
            finding.seen.observed or ""
        )
        assert "--load-balancer-managed-outbound-ip-count 2" in fixes([finding])[0][1]

    def test_what_is_stored_counts_where_the_type_stays(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["allocatedOutboundPorts"] = 24_000
        assert "fail" in [outcome for outcome, _ in shop.outcomes("EGR402", LB, idle_timeout=20)]

    def test_and_not_where_it_was_left_behind(self) -> None:
        shop = Shop.managed(MNAT).network(loadBalancerProfile={"allocatedOutboundPorts": 24_000})
        assert "fail" not in [outcome for outcome, _ in shop.outcomes("EGR402", LB)]

    def test_azure_allocates_fewer_ports_to_more_nodes_and_it_warns_before(self) -> None:
        shop = Shop.managed("none").pool("system", enableAutoScaling=True, minCount=1, maxCount=100)
        (finding,) = shop.findings("EGR402", LB)
        assert (finding.outcome, finding.seen.observed) == (
            "warn",
            "Azure allocates 1,024 SNAT ports to each of 4 nodes, and 256 once the pools have 110",
        )
        assert fixes([finding])[0][1] == (
            f"{AGAIN} --to loadBalancer --load-balancer-managed-outbound-ip-count 2 --load-balancer-outbound-ports 1024"
        )
        assert shop.outcome("EGR402", LB, ip_count=2, ports=1024) == "pass"

    def test_fewer_for_each_node_than_before_warn(self) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["allocatedOutboundPorts"] = 8_000
        (finding,) = shop.findings("EGR402", LB, ports=0)
        assert (finding.outcome, finding.seen.observed) == ("warn", "8,000 -> 1,024 SNAT ports for each node")
        assert fixes([finding])[0][1].endswith("--load-balancer-outbound-ports 8000")

    def test_a_pool_without_a_count_is_unknown_where_it_decides(self) -> None:
        shop = Shop.managed("none").pool("system", count=None)
        (finding,) = shop.findings("EGR402", LB, ports=8_000)
        assert (finding.outcome, finding.check.blocks) == ("unknown", True)

    def test_and_where_it_does_not_it_only_warns(self) -> None:
        shop = Shop.managed("none").pool("system", count=None)
        assert shop.outcomes("EGR402", LB) == [("unknown", "system")]
        assert decided(shop, LB) == {False}
        assert decided(Shop.managed().pool("system", count=None), LB, ports=8_000) == {True}
        assert Shop.managed().pool("system", count=None).outcome("EGR402", MNAT) == "pass"

    def test_an_address_of_ones_own_that_cannot_be_read_is_unknown_where_it_decides(self) -> None:
        shop = Shop.managed("none")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/31")
        shop.arm.forbid(prefix)
        assert ("unknown", "ippre") in shop.outcomes("EGR402", LB, ports=8, prefix_ids=(prefix,))
        assert decided(shop, LB, ports=8, prefix_ids=(prefix.upper(),)) == {True}
        assert decided(shop, LB, prefix_ids=(prefix,)) == {False}

    @pytest.mark.parametrize("pools", [None, []])
    def test_nodes_of_hosted_pools_cannot_be_counted(self, pools: object) -> None:
        shop = Shop.managed().set(agentPoolProfiles=pools, hostedSystemProfile={"enabled": True})
        assert decided(shop, LB, ports=64_000) == {True}
        assert decided(shop, LB, idle_timeout=10) == {False}

    def test_one_that_is_not_there_makes_it_moot(self) -> None:
        missing = f"{Shop.managed().own_ip()}-gone"
        found = Shop.managed("none").findings("EGR402", LB, ports=8, ip_ids=(missing,))
        assert ("skip", "because of EGR224") in [(row.outcome, row.seen.observed) for row in found]

    def test_numbers_out_of_range_are_judged_elsewhere(self) -> None:
        (finding,) = Shop.managed("none").findings("EGR402", LB, ports=7)
        assert (finding.outcome, finding.seen.observed) == ("skip", "because of EGR403")

    @pytest.mark.parametrize("stored", ["8000", -8, True, [], {}])
    def test_odd_numbers_that_are_stored_count_as_what_aks_sets(self, stored: object) -> None:
        shop = Shop.managed()
        shop.document["properties"]["networkProfile"]["loadBalancerProfile"]["allocatedOutboundPorts"] = stored
        assert shop.outcome("EGR402", LB, ip_count=2) == "pass"

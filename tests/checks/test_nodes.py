from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.estate import isolated, node_group, scope
from tests.builders import CLUSTER, Shop, fixes

LB, MNAT, UANAT, UDR, NONE = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting", "none"
INTERFACES = f"{scope(node_group(CLUSTER))}/providers/Microsoft.Network/networkInterfaces"
PUBLIC = {"enableNodePublicIP": True}


def observed(shop: Shop, check_id: str, to: str) -> list[str]:
    return [finding.seen.observed or "" for finding in shop.findings(check_id, to)]


class TestEGR207NoNodePublicIps:
    @pytest.mark.parametrize("to", [UDR, LB, MNAT, UANAT, NONE])
    def test_pools_without_them_pass(self, to: str) -> None:
        assert Shop.byo().outcome("EGR207", to) == "pass"

    def test_user_defined_routing_refuses_each_pool_with_them(self) -> None:
        shop = Shop.byo().routed().pool("apps", **PUBLIC).pool("system", **PUBLIC)
        assert shop.outcomes("EGR207", UDR) == [("fail", "system"), ("fail", "apps")]

    @pytest.mark.parametrize(
        ("to", "words"),
        [
            (LB, "they go before the load balancer"),
            (MNAT, "the NAT gateway goes before them"),
            (UANAT, "the NAT gateway goes before them"),
            (NONE, "a way out remains"),
        ],
    )
    def test_other_types_warn_and_say_which_of_the_two_paths_wins(self, to: str, words: str) -> None:
        shop = Shop.byo().pool("apps", **PUBLIC)
        assert shop.outcomes("EGR207", to) == [("warn", "apps")]
        assert words in observed(shop, "EGR207", to)[0]

    def test_the_fix_makes_a_pool_like_it_on_the_same_subnet_before_it_goes(self) -> None:
        shop = Shop.byo().routed().pool("apps", **PUBLIC)
        add, delete = fixes(shop.findings("EGR207", UDR))
        assert add[0] == delete[0] == "before"
        assert add[1].endswith(
            "--cluster-name aks-shop --name '<new-pool>' --mode User --os-type Linux --node-vm-size Standard_D4s_v5 "
            f"--node-count 3 --vnet-subnet-id {shop.subnets['snet-apps']}"
        )
        assert delete[1].endswith("--cluster-name aks-shop --name apps")

    @pytest.mark.parametrize("value", [None, "true", 1, {}])
    def test_only_true_turns_them_on_as_in_arm(self, value: Any) -> None:
        assert Shop.byo().pool("apps", enableNodePublicIP=value).outcome("EGR207", UDR) == "pass"

    def test_a_cluster_without_pools_is_unknown(self) -> None:
        assert Shop.byo().set(agentPoolProfiles=None).outcome("EGR207", UDR) == "unknown"

    def test_block_is_not_judged(self) -> None:
        assert "EGR207" not in Shop.managed(**isolated()).report("block").ids("pass", "warn", "fail", "unknown", "skip")


class TestEGR233EverySubnetWasJudged:
    def stray(self, outbound_type: str = LB) -> Shop:
        """A node of no pool in a subnet of its own."""
        shop = Shop.byo(outbound_type)
        subnet = shop.estate.vnet("vnet-burst", ["snet-burst"], prefix="10.9")["snet-burst"]
        shop.estate.nic("aks-burst-nic", subnet, "10.9.0.4", group=node_group(CLUSTER))
        return shop

    def test_nodes_on_the_subnets_that_pools_name_pass(self) -> None:
        shop = Shop.byo()
        subnet = shop.subnets["snet-apps"].upper()
        shop.estate.nic("aks-apps-nic", subnet, "10.240.1.9", group=node_group(CLUSTER))
        assert shop.outcome("EGR233", UDR) == "pass"

    def test_without_interfaces_of_single_nodes_it_passes(self) -> None:
        assert Shop.managed().outcome("EGR233", MNAT) == "pass"

    def test_it_says_what_it_went_by(self) -> None:
        shop = Shop.byo()
        said = "subnets judged: 2; there are no nodes beside those of scale sets"
        assert observed(shop, "EGR233", UDR) == [said]
        shop.estate.nic("aks-apps-nic", shop.subnets["snet-apps"], "10.240.1.9", group=node_group(CLUSTER))
        assert observed(shop, "EGR233", UDR) == ["subnets judged: 2; network interfaces show no other"]

    def test_a_subnet_that_no_pool_names_warns_and_is_named(self) -> None:
        assert self.stray().outcomes("EGR233", UDR) == [("warn", "snet-burst")]
        assert "it was judged too" in observed(self.stray(), "EGR233", UDR)[0]

    def test_such_a_subnet_is_judged_by_the_others(self) -> None:
        assert ("fail", "snet-burst") in self.stray().outcomes("EGR211", UANAT)

    def test_node_auto_provisioning_may_use_subnets_that_azure_does_not_show(self) -> None:
        shop = Shop.byo().set(nodeProvisioningProfile={"mode": "auto"})
        assert shop.outcomes("EGR233", UDR) == [("warn", CLUSTER)]
        ((when, command),) = fixes(shop.findings("EGR233", UDR))
        assert when == "before"
        assert command.endswith("--name aks-shop -c 'kubectl get aksnodeclasses --output yaml'")

    def test_node_auto_provisioning_passes_in_the_network_that_aks_made_which_takes_no_other_subnets(self) -> None:
        assert Shop.managed().set(nodeProvisioningProfile={"mode": "Auto"}).outcome("EGR233", MNAT) == "pass"

    def test_interfaces_that_cannot_be_listed_are_unknown_and_block_nothing(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(INTERFACES)
        assert shop.outcome("EGR233", UDR) == "unknown"
        assert shop.report(UDR).verdict == "readyWithWarnings"

    def test_what_is_known_is_said_where_the_interfaces_cannot_be_listed(self) -> None:
        shop = Shop.byo().set(nodeProvisioningProfile={"mode": "Auto"})
        shop.arm.forbid(INTERFACES)
        assert [outcome for outcome, _ in shop.outcomes("EGR233", UDR)] == ["warn", "unknown"]

    def test_a_cloud_that_does_not_know_node_auto_provisioning_is_unknown(self) -> None:
        shop = Shop.byo().set(nodeProvisioningProfile=None).older("2025-04-01")
        assert shop.outcome("EGR233", UDR) == "unknown"


class TestEGR234StaticEgressGatewaysKeepTheirPath:
    @pytest.mark.parametrize("to", [UDR, UANAT, MNAT])
    def test_without_any_it_passes(self, to: str) -> None:
        assert Shop.byo().outcome("EGR234", to) == "pass"

    @pytest.mark.parametrize(("to", "first"), [(UDR, "0.0.0.0/0 route"), (UANAT, "NAT gateway")])
    def test_a_gateway_pool_warns_and_its_subnet_is_named(self, to: str, first: str) -> None:
        shop = Shop.byo().pool("apps", mode="gateway")
        assert shop.outcomes("EGR234", to) == [("warn", "apps")]
        (words,) = observed(shop, "EGR234", to)
        assert "on snet-apps" in words
        assert first in words

    def test_a_gateway_pool_in_the_network_that_aks_made_warns(self) -> None:
        shop = Shop.managed().pool("system", mode="Gateway")
        assert "the subnet that AKS made" in observed(shop, "EGR234", MNAT)[0]

    def test_gateways_that_are_enabled_without_a_pool_warn(self) -> None:
        shop = Shop.managed().network(staticEgressGatewayProfile={"enabled": True})
        assert shop.outcomes("EGR234", MNAT) == [("warn", CLUSTER)]

    def test_a_pool_says_it_once(self) -> None:
        shop = Shop.byo().pool("apps", mode="Gateway").network(staticEgressGatewayProfile={"enabled": True})
        assert shop.outcomes("EGR234", UDR) == [("warn", "apps")]

    def istio(self, *gateways: object) -> Shop:
        return Shop.byo().set(serviceMeshProfile={"istio": {"components": {"egressGateways": list(gateways)}}})

    def test_an_istio_egress_gateway_warns_by_namespace_and_name(self) -> None:
        shop = self.istio({"enabled": True, "name": "egress", "namespace": "mesh"}, {"enabled": True})
        assert shop.outcomes("EGR234", UDR) == [("warn", CLUSTER), ("warn", CLUSTER)]
        assert observed(shop, "EGR234", UDR)[0].startswith("Istio egress gateway mesh/egress ")

    def test_one_that_is_not_enabled_passes(self) -> None:
        assert self.istio({"enabled": False, "name": "egress"}, None, "egress").outcome("EGR234", UDR) == "pass"

    def test_what_istio_shows_is_said_where_pools_are_not_known(self) -> None:
        shop = self.istio({"enabled": True, "name": "egress"}).set(agentPoolProfiles=None)
        assert [outcome for outcome, _ in shop.outcomes("EGR234", UDR)] == ["warn", "unknown"]

    @pytest.mark.parametrize("profile", ["on", [], {"istio": []}, {"istio": {"components": {"egressGateways": {}}}}])
    def test_odd_json_passes(self, profile: object) -> None:
        assert Shop.byo().set(serviceMeshProfile=profile).outcome("EGR234", UDR) == "pass"

    def test_a_cloud_that_does_not_know_them_is_unknown(self) -> None:
        assert Shop.byo().older("2025-03-01").outcome("EGR234", UDR) == "unknown"
        assert Shop.byo().older("2025-04-01").outcome("EGR234", UDR) == "pass"

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from tests.armsim.estate import network_id, node_group
from tests.builders import CLUSTER, Shop, fixes

UDR, UANAT, LB, MNAT = "userDefinedRouting", "userAssignedNATGateway", "loadBalancer", "managedNATGateway"
V2 = {"nat_gateway_sku": "StandardV2"}


def observed(shop: Shop, check_id: str, to: str, **options: Any) -> list[str]:
    return [finding.seen.observed or "" for finding in shop.findings(check_id, to, **options)]


def on_own_address(address: str = "52.0.1.1") -> tuple[Shop, str]:
    """A cluster whose load balancer has one address of one's own."""
    shop = Shop.managed()
    own = shop.own_ip(ipAddress=address)
    return shop.network(loadBalancerProfile={"effectiveOutboundIPs": [{"id": own}]}), own


class TestEGR303NoAddressIsReused:
    def test_without_addresses_of_ones_own_there_is_nothing_to_judge(self) -> None:
        assert Shop.managed("none").outcome("EGR303", LB) == "skip"

    def test_an_address_that_nothing_has_used_passes(self) -> None:
        shop = Shop.managed("none")
        assert shop.outcomes("EGR303", LB, ip_ids=(shop.own_ip(),)) == [("pass", "pip-own")]

    def test_one_that_the_load_balancer_has_now_fails_for_a_nat_gateway(self) -> None:
        shop, own = on_own_address()
        assert shop.outcomes("EGR303", MNAT, ip_ids=(own.upper(),), **V2) == [("fail", "PIP-OWN")]

    def test_the_fix_makes_another_one_that_fits(self) -> None:
        shop, own = on_own_address()
        ((when, command),) = fixes(shop.findings("EGR303", MNAT, ip_ids=(own,), **V2))
        assert when == "before"
        assert "az network public-ip create " in command
        assert "--sku StandardV2" in command

    def test_a_prefix_around_an_address_that_is_in_use_now_fails(self) -> None:
        shop, _ = on_own_address("52.0.0.9")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30", sku="StandardV2")
        assert shop.outcomes("EGR303", MNAT, prefix_ids=(prefix,), **V2) == [("fail", "ippre")]

    def test_an_address_in_a_prefix_that_is_in_use_now_fails(self) -> None:
        shop = Shop.managed()
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30")
        shop.network(loadBalancerProfile={"effectiveOutboundIPs": [{"id": prefix}]})
        assert shop.outcome("EGR303", MNAT, ip_ids=(shop.own_ip(ipAddress="52.0.0.10"),), **V2) == "fail"

    def test_a_prefix_beside_the_address_that_is_in_use_now_passes(self) -> None:
        shop, _ = on_own_address("52.0.0.1")
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30", sku="StandardV2")
        assert shop.outcome("EGR303", MNAT, prefix_ids=(prefix,), **V2) == "pass"

    def test_to_keep_an_address_where_it_is_is_no_reuse(self) -> None:
        shop, own = on_own_address()
        assert observed(shop, "EGR303", LB, ip_ids=(own,)) == ["pip-own stays where it is"]

    def test_nor_is_the_way_back_from_a_move_that_failed_half_way(self) -> None:
        shop, own = on_own_address()
        shop.network(outboundType=MNAT)
        assert shop.outcome("EGR303", LB, ip_ids=(own,)) == "pass"

    @pytest.mark.parametrize("tag", ["aks-managed-type", "AKS-Managed-Cluster-Name", "k8s-azure-service"])
    def test_one_with_a_tag_of_aks_or_of_a_service_fails_and_names_the_tag_alone(self, tag: str) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.estate[own]["tags"] = {"owner": "me", tag: "hunter2"}
        (words,) = observed(shop, "EGR303", LB, ip_ids=(own,))
        assert tag in words
        assert "hunter2" not in words
        assert shop.outcome("EGR303", LB, ip_ids=(own,)) == "fail"

    @pytest.mark.parametrize("tags", [None, {}, [], "aks-managed", {"owner": None}, {"team": "aks-managed"}])
    def test_other_tags_pass(self, tags: Any) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip()
        shop.estate[own]["tags"] = tags
        assert shop.outcome("EGR303", LB, ip_ids=(own,)) == "pass"

    def test_one_that_a_record_names_only_warns(self) -> None:
        shop = Shop.managed("none")
        own = shop.own_ip(ipAddress="52.0.1.1")
        for formerly in ("52.0.1.1", "52.0.1.0/31", own.upper()):
            assert shop.outcomes("EGR303", LB, ip_ids=(own,), formerly=(formerly,)) == [("warn", "pip-own")]
        assert shop.outcome("EGR303", LB, ip_ids=(own,), formerly=("52.0.1.2", "odd")) == "pass"

    def test_one_that_cannot_be_read_is_unknown_and_the_others_are_judged(self) -> None:
        shop, own = on_own_address()
        hidden = shop.own_ip("pip-hidden")
        shop.arm.forbid(hidden)
        found = shop.outcomes("EGR303", MNAT, ip_ids=(hidden, own), **V2)
        assert found == [("unknown", "pip-hidden"), ("fail", "pip-own")]

    def test_a_prefix_beside_an_address_that_cannot_be_read_is_unknown(self) -> None:
        shop, own = on_own_address()
        shop.arm.forbid(own)
        prefix = shop.estate.public_ip_prefix("ippre", "52.0.0.8/30", sku="StandardV2")
        assert shop.outcomes("EGR303", MNAT, prefix_ids=(prefix,), **V2) == [("unknown", "pip-own")]

    @pytest.mark.parametrize("address_id", ["pip", network_id("publicIPAddresses", "pip-x"), "/subscriptions/x"])
    def test_one_that_is_not_there_is_the_finding_of_another_check(self, address_id: str) -> None:
        assert observed(Shop.managed("none"), "EGR303", LB, ip_ids=(address_id,)) == ["because of EGR224"]


class TestEGR307NobodySharesWhatIsChanged:
    @staticmethod
    def others(shop: Shop, **attached: str) -> Shop:
        """A subnet of somebody else on the same table or gateway."""
        shop.estate.attach(shop.estate.vnet("vnet-others", ["snet-others"])["snet-others"], **attached)
        return shop

    @staticmethod
    def beside(shop: Shop, subnet: str = "snet-apps", name: str = "nic-vm") -> Shop:
        """A network interface of somebody else on a subnet of the cluster."""
        shop.estate.nic(name, shop.subnets[subnet], "10.240.1.9")
        return shop

    @staticmethod
    def attached(shop: Shop, key: str) -> str:
        return str(shop.estate[shop.subnets["snet-apps"]]["properties"][key]["id"])

    @pytest.mark.parametrize(
        ("shop", "to"),
        [(Shop.byo().routed(), UDR), (Shop.byo().gated(), UANAT), (Shop.byo(UANAT), LB), (Shop.byo(UDR), LB)],
    )
    def test_what_only_the_cluster_uses_passes(self, shop: Shop, to: str) -> None:
        assert shop.outcome("EGR307", to) == "pass"

    def test_a_table_that_another_subnet_has_warns_once_and_names_the_subnet(self) -> None:
        shop = Shop.byo().routed("snet-apps")
        table = self.attached(shop, "routeTable")
        shop.estate.attach(shop.subnets["snet-system"], route_table=table.upper())
        assert self.others(shop, route_table=table).outcomes("EGR307", UDR) == [("warn", "rt-snet-apps")]
        assert "snet-others (vnet-others)" in observed(shop, "EGR307", UDR)[0]

    def test_a_gateway_that_another_subnet_has_warns(self) -> None:
        shop = Shop.byo().gated()
        self.others(shop, nat_gateway=self.attached(shop, "natGateway"))
        assert shop.outcomes("EGR307", UANAT) == [("warn", "nat-shop")]

    @pytest.mark.parametrize("to", [UDR, UANAT])
    def test_what_else_is_on_a_subnet_whose_path_will_change_warns(self, to: str) -> None:
        shop = self.beside(Shop.byo())
        assert shop.outcomes("EGR307", to) == [("warn", "snet-apps")]
        assert "nic-vm (networkInterfaces)" in observed(shop, "EGR307", to)[0]

    @pytest.mark.parametrize(("shop", "to"), [(Shop.byo().routed(), UDR), (Shop.byo().gated(), UANAT)])
    def test_where_the_path_is_there_already_nothing_moves(self, shop: Shop, to: str) -> None:
        assert self.beside(shop).outcome("EGR307", to) == "pass"

    def test_a_route_that_still_goes_before_the_gateway_will_move_them(self) -> None:
        shop = self.beside(Shop.byo().gated().routed("snet-apps"))
        assert shop.outcomes("EGR307", UANAT) == [("warn", "snet-apps")]

    @pytest.mark.parametrize("hop_type", ["Internet", "None"])
    def test_a_default_route_that_must_be_changed_moves_them(self, hop_type: str) -> None:
        shop = self.beside(Shop.byo().routed(hop=None, hop_type=hop_type))
        assert shop.outcomes("EGR307", UDR) == [("warn", "snet-apps")]

    @pytest.mark.parametrize("today", [UANAT, UDR])
    def test_what_stays_on_a_path_that_goes_after_the_move_warns(self, today: str) -> None:
        assert self.beside(Shop.byo(today)).outcomes("EGR307", LB) == [("warn", "snet-apps")]

    def test_a_default_route_in_two_halves_carries_them_as_well(self) -> None:
        shop = self.beside(Shop.byo().hub().halves("snet-apps"))
        assert shop.outcomes("EGR307", LB) == [("warn", "snet-apps")]

    def test_kubenet_keeps_the_table_of_such_halves_for_all_that_are_on_it(self) -> None:
        shop = Shop.byo().hub().halves("snet-apps").network(networkPlugin="kubenet")
        self.others(shop, route_table=self.attached(shop, "routeTable"))
        assert shop.outcomes("EGR307", LB) == [("warn", "rt-snet-apps")]

    def test_a_gateway_is_detached_from_the_clusters_subnets_alone(self) -> None:
        shop = Shop.byo(UANAT)
        self.others(shop, nat_gateway=self.attached(shop, "natGateway"))
        assert shop.outcome("EGR307", LB) == "pass"

    def test_a_table_is_too_unless_kubenet_keeps_it(self) -> None:
        shop = Shop.byo(UDR)
        self.others(shop, route_table=self.attached(shop, "routeTable"))
        assert shop.outcome("EGR307", LB) == "pass"
        assert shop.network(networkPlugin="Kubenet").outcomes("EGR307", LB) == [("warn", "rt-snet-apps")]

    def test_the_gateway_that_aks_made_is_nobody_elses(self) -> None:
        assert Shop.managed(MNAT).outcome("EGR307", LB) == "pass"

    def test_the_nodes_and_the_internal_load_balancer_of_the_cluster_are_no_strangers(self) -> None:
        shop = Shop.byo()
        shop.estate.nic("nic-node", shop.subnets["snet-apps"], "10.240.1.9", group=node_group(CLUSTER).upper())
        assert shop.outcome("EGR307", UANAT) == "pass"

    def test_the_nodes_of_another_cluster_are_one_stranger_for_each_scale_set(self) -> None:
        shop = Shop.byo()
        shop.estate.cluster("aks-other", pools={"system": shop.subnets["snet-apps"]})
        (words,) = observed(shop, "EGR307", UDR)
        assert words.count("(virtualMachineScaleSets)") == 1

    def test_many_are_counted(self) -> None:
        shop = Shop.byo()
        for number in range(7):
            self.beside(shop, name=f"nic-{number}")
        assert "nic-4 (networkInterfaces) and 2 more" in observed(shop, "EGR307", UDR)[0]

    @pytest.mark.parametrize("to", [UDR, UANAT, LB])
    def test_a_subnet_that_cannot_be_read_is_unknown_and_only_warns(self, to: str) -> None:
        shop = Shop.byo(UANAT).forbid("snet-apps")
        assert shop.outcomes("EGR307", to) == [("unknown", "snet-apps")]

    def test_a_table_that_cannot_be_read_is_unknown(self) -> None:
        shop = Shop.byo().routed()
        shop.arm.forbid(self.attached(shop, "routeTable"))
        assert shop.outcomes("EGR307", UDR) == [("unknown", "rt-snet-apps")]

    @pytest.mark.parametrize("rows", [None, "x", [None], [{"id": 7}, {}], [{"id": ""}]])
    def test_odd_configurations_are_nobody(self, rows: Any) -> None:
        shop = Shop.byo()
        fetch = shop.fetch

        def odd(wanted: Any) -> Any:
            answers = dict(fetch(wanted))
            for answer in answers.values():
                if isinstance(answer, dict):
                    answer["properties"]["ipConfigurations"] = rows
            return answers

        with mock.patch.object(shop, "fetch", odd):
            assert shop.outcome("EGR307", UDR) == "pass"


class TestEGR308CodeNamesTheNewType:
    @staticmethod
    def tagged(**tags: Any) -> Shop:
        shop = Shop.byo()
        shop.document["tags"] = tags
        return shop

    def test_the_field_to_change_is_always_said(self) -> None:
        (words,) = observed(Shop.byo(), "EGR308", UDR)
        assert all(part in words for part in ("userDefinedRouting", "outbound_type", "outboundType"))
        assert Shop.byo().outcomes("EGR308", UDR) == [("note", "")]

    @pytest.mark.parametrize(
        ("tag", "value", "tool"),
        [
            ("managed-by", "Terraform", "terraform"),
            ("managedBy", "our-bicep-templates", "bicep"),
            ("terraform", "true", "terraform"),
            ("pulumi:project", "shop", "pulumi"),
            ("azd-env-name", "shop", "the Azure Developer CLI"),
            ("crossplane-kind", "kubernetescluster.containerservice.azure.upbound.io", "Crossplane"),
            ("sigs.k8s.io_cluster-api-provider-azure_cluster_shop", "owned", "Cluster API"),
            ("yor_trace", "0a1b2c", "code that Yor tags"),
        ],
    )
    def test_a_tag_of_a_tool_warns_beside_the_note(self, tag: str, value: str, tool: str) -> None:
        shop = self.tagged(**{tag: value})
        assert shop.outcomes("EGR308", UDR) == [("note", ""), ("warn", "aks-shop")]
        assert observed(shop, "EGR308", UDR)[1].endswith(f"the tag {tag} names {tool}")

    def test_no_value_of_a_tag_is_told(self) -> None:
        assert "hunter2" not in str(observed(self.tagged(owner="terraform hunter2"), "EGR308", UDR))

    @pytest.mark.parametrize(
        ("tag", "value"), [("terraform", "false"), ("team", "shop"), ("bicepsclub", "x"), ("owner", None), ("n", 7)]
    )
    def test_other_tags_do_not_warn(self, tag: str, value: Any) -> None:
        assert self.tagged(**{tag: value}).outcome("EGR308", UDR) == "note"

    @pytest.mark.parametrize("kind", ["Application", "managedidentity"])
    def test_an_application_that_changed_the_cluster_last_is_told_and_proves_nothing(self, kind: str) -> None:
        shop = Shop.byo()
        shop.document["systemData"] = {"lastModifiedByType": kind, "lastModifiedBy": "0000-secret"}
        (words,) = observed(shop, "EGR308", UDR)
        assert "from an application" in words
        assert "secret" not in words

    @pytest.mark.parametrize("value", [None, [], "x", {"lastModifiedByType": "User"}, {"lastModifiedByType": 7}])
    def test_a_person_or_odd_data_is_not(self, value: Any) -> None:
        shop = Shop.byo()
        shop.document.update(systemData=value, tags=value)
        assert "application" not in observed(shop, "EGR308", UDR)[0]

    def test_a_cluster_without_properties_is_told_the_same(self) -> None:
        shop = Shop.byo()
        shop.document["properties"] = None
        assert shop.outcome("EGR308", UDR) == "note"

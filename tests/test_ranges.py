"""Which addresses the API server's authorized ranges lack, and the lists that a move, its way back and its end send."""

from __future__ import annotations

from typing import Any

import pytest

from azext_aksegress import ranges
from azext_aksegress.cluster import Cluster
from azext_aksegress.profiles import address_or_name, effective_ids
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import network_id
from tests.builders import NAMED, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
OFFICE = "81.0.0.0/8"
ONLY_LB = "0.0.0.0/32"
FULL = [f"20.0.{number}.0/24" for number in range(200)]


def access(*known: str, **more: Any) -> dict[str, Any]:
    return {"apiServerAccessProfile": {"authorizedIPRanges": list(known), **more}}


def shop(*known: str, **more: Any) -> Cluster:
    """A cluster with a NAT gateway in front of it, of which the address is 52.0.0.2."""
    return Shop.byo(**access(*known, **more)).gated().cluster(Request(UANAT))


def behind_the_load_balancer(*known: str) -> tuple[Cluster, str]:
    """A cluster on AKS's load balancer, and the address of that."""
    cluster = Shop.managed(**access(*known)).cluster()
    (found,) = effective_ids(cluster, LB)
    return cluster, address_or_name(cluster.snapshot, found)


class TestLacking:
    def test_an_address_outside_of_the_ranges_is_lacking_in_cidr_notation(self) -> None:
        assert ranges.lacking(shop(OFFICE), ["52.0.0.2"]) == ("52.0.0.2/32",)

    def test_a_prefix_that_is_held_in_part_is_lacking_as_a_whole(self) -> None:
        assert ranges.lacking(shop("52.0.0.8/31"), ["52.0.0.8/30"]) == ("52.0.0.8/30",)

    def test_each_is_lacking_once_in_their_own_order_and_none_that_another_holds(self) -> None:
        new = ["52.0.0.9", "52.0.1.1", "52.0.0.8/30", "52.0.1.1/32", "52.0.0.1"]
        assert ranges.lacking(shop(OFFICE), new) == ("52.0.1.1/32", "52.0.0.8/30", "52.0.0.1/32")

    @pytest.mark.parametrize("known", ["52.0.0.2", "52.0.0.2/32", "52.0.0.0/24", "0.0.0.0/0"])
    def test_what_a_range_holds_is_not(self, known: str) -> None:
        assert ranges.lacking(shop(known), ["52.0.0.2"]) == ()

    def test_ipv6_is_left_out_and_so_is_what_is_no_address(self) -> None:
        assert ranges.lacking(shop(OFFICE), ["2603::1", "2603::/124", "unknown"]) == ()

    def test_a_list_is_never_begun(self) -> None:
        assert ranges.lacking(shop(), ["52.0.0.2"]) == ()

    @pytest.mark.parametrize("private", ["enablePrivateCluster", "enableVnetIntegration"])
    def test_nothing_is_lacking_where_nodes_reach_the_api_server_without_the_internet(self, private: str) -> None:
        assert ranges.lacking(shop(OFFICE, **{private: True}), ["52.0.0.2"]) == ()

    def test_ranges_that_are_no_list_cannot_be_judged(self) -> None:
        cluster = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": OFFICE}).cluster()
        with pytest.raises(Unread):
            ranges.lacking(cluster, ["52.0.0.2"])


class TestServiceTags:
    @pytest.mark.parametrize("tag", ["AzureCloud", "azurecloud", "AzureCloud.westeurope", "AZURECLOUD.WestEurope"])
    def test_that_of_azure_or_of_the_addresss_region_holds_it(self, tag: str) -> None:
        assert ranges.lacking(shop(tag), ["52.0.0.2"]) == ()

    @pytest.mark.parametrize("tag", ["AzureCloud.northeurope", "ActionGroup", "AzureDevOps"])
    def test_what_another_one_may_hold_is_added(self, tag: str) -> None:
        assert ranges.lacking(shop(tag), ["52.0.0.2"]) == ("52.0.0.2/32",)

    def test_an_address_of_a_region_that_is_not_known_is_added(self) -> None:
        assert ranges.lacking(shop("AzureCloud.westeurope"), ["52.0.0.99"]) == ("52.0.0.99/32",)

    def test_an_address_of_another_region_is_added(self) -> None:
        made = Shop.byo(**access("AzureCloud.westeurope")).routed()
        made.estate[network_id("publicIPAddresses", "pip-firewall")]["location"] = "northeurope"
        assert ranges.lacking(made.cluster(Request(UDR)), ["52.0.0.1"]) == ("52.0.0.1/32",)

    @pytest.mark.parametrize(
        ("known", "admitted"),
        [("AzureCloud", True), ("AzureCloud.westeurope", True), ("0.0.0.0/0", True), ("AzureCloud.northeurope", False)],
    )
    def test_what_aks_will_make_is_of_the_clusters_own_region(self, known: str, admitted: bool) -> None:
        assert ranges.admit_what_aks_makes(shop(OFFICE, known)) is admitted

    def test_none_admits_everybody(self) -> None:
        assert not ranges.admit_everybody(shop("AzureCloud"))


class TestTheLoadBalancerOfAks:
    def test_a_list_of_it_alone_admits_its_addresses_already(self) -> None:
        cluster, address = behind_the_load_balancer(ONLY_LB)
        assert ranges.lacking(cluster, [address]) == ()

    def test_a_list_of_others_gets_them(self) -> None:
        cluster, address = behind_the_load_balancer(OFFICE)
        assert ranges.lacking(cluster, [address]) == (f"{address}/32",)

    def test_a_list_of_it_alone_gets_them_where_others_carry_egress_as_well(self) -> None:
        cluster, address = behind_the_load_balancer(ONLY_LB)
        assert ranges.lacking(cluster, [address, "52.0.0.1"]) == (f"{address}/32", "52.0.0.1/32")

    def test_own_addresses_that_it_is_to_get_are_its_own(self) -> None:
        made = Shop.byo("none", **access(ONLY_LB))
        request = Request(LB, ip_ids=(made.estate.public_ip("pip-own", "52.0.0.7"),))
        assert ranges.lacking(made.cluster(request), ["52.0.0.7"], request) == ()

    def test_leaving_it_a_list_of_it_alone_admits_nothing_new(self) -> None:
        cluster, address = behind_the_load_balancer(ONLY_LB)
        assert ranges.lacking(cluster, [address], Request(MNAT)) == (f"{address}/32",)


class TestJoined:
    def test_new_ranges_come_last_and_the_others_stay_as_they_are_spelled(self) -> None:
        odd = ["AzureCloud", "20.0.0.1/8", "9.9.9.9", "2001:DB8::/32", "something"]
        assert ranges.joined(odd, ["52.0.0.2/32"]) == (*odd, "52.0.0.2/32")

    @pytest.mark.parametrize("known", ["52.0.0.2", "52.0.0.2/32"])
    def test_the_same_range_is_not_added_in_another_spelling(self, known: str) -> None:
        assert ranges.joined([known], ["52.0.0.2/32", "52.0.0.2"]) == (known,)

    @pytest.mark.parametrize("spelled", [ONLY_LB, "0.0.0.0"])
    def test_the_load_balancer_alone_gives_way(self, spelled: str) -> None:
        assert ranges.joined([spelled], ["52.0.0.2/32"]) == ("52.0.0.2/32",)
        assert ranges.replaced_by([spelled], ["52.0.0.2/32"]) == (spelled,)

    def test_it_stays_where_nothing_is_added(self) -> None:
        assert ranges.joined([ONLY_LB], []) == (ONLY_LB,)
        assert ranges.replaced_by([ONLY_LB], []) == ()


class TestTheLimit:
    @pytest.mark.parametrize(("number", "over"), [(200, False), (201, True)])
    def test_aks_takes_200(self, number: int, over: bool) -> None:
        assert ranges.too_many(shop(OFFICE), number) is over

    def test_a_longer_list_shows_that_more_are_taken(self) -> None:
        assert not ranges.too_many(shop(*FULL, OFFICE), 202)
        assert ranges.too_many(shop(*FULL), 201)


class TestWithout:
    def test_what_was_added_goes_in_any_spelling_and_the_rest_stays(self) -> None:
        assert ranges.without(["AzureCloud", "52.0.0.2", OFFICE], ["52.0.0.2/32"], [], []) == ("AzureCloud", OFFICE)

    @pytest.mark.parametrize("needed", ["52.0.0.2", "52.0.0.0/24", "52.0.0.2/32"])
    def test_what_still_carries_egress_stays(self, needed: str) -> None:
        assert ranges.without([OFFICE, "52.0.0.2/32"], ["52.0.0.2/32"], [], [needed]) == (OFFICE, "52.0.0.2/32")

    def test_a_prefix_of_which_one_address_is_needed_stays(self) -> None:
        assert ranges.without([OFFICE, "52.0.0.8/30"], ["52.0.0.8/30"], [], ["52.0.0.9"]) == (OFFICE, "52.0.0.8/30")

    def test_a_list_that_somebody_has_emptied_stays_empty(self) -> None:
        assert ranges.without([], ["52.0.0.2/32"], [ONLY_LB], []) == ()

    def test_nothing_comes_back_where_nothing_goes(self) -> None:
        assert ranges.without([OFFICE], ["52.0.0.2/32"], [ONLY_LB], []) == (OFFICE,)

    def test_what_gave_way_comes_back(self) -> None:
        assert ranges.without(["52.0.0.2/32"], ["52.0.0.2/32"], [ONLY_LB], []) == (ONLY_LB,)

    def test_but_never_beside_others_which_aks_refuses(self) -> None:
        assert ranges.without(["52.0.0.2/32", OFFICE], ["52.0.0.2/32"], [ONLY_LB], []) == (OFFICE,)
        assert ranges.without(["52.0.0.2/32"], ["52.0.0.2/32"], [ONLY_LB], ["52.0.0.2"]) == ("52.0.0.2/32",)

    def test_a_list_is_never_emptied(self) -> None:
        assert ranges.without(["52.0.0.2/32"], ["52.0.0.2/32"], [], []) == ("52.0.0.2/32",)

    def test_what_somebody_removed_meanwhile_is_not_missed(self) -> None:
        assert ranges.without([OFFICE], ["52.0.0.2/32"], [], []) == (OFFICE,)


class TestOld:
    def test_the_former_addresses_and_the_command_that_removes_them(self) -> None:
        found = ranges.old(shop(OFFICE, "20.50.0.2", "52.0.0.2/32"), ["20.50.0.2"], ["52.0.0.2"])
        assert found.ranges == ("20.50.0.2",)
        assert found.command == f"az aks update {NAMED} --api-server-authorized-ip-ranges {OFFICE},52.0.0.2/32"

    @pytest.mark.parametrize("known", ["20.50.0.0/24", "AzureCloud", ONLY_LB, "20.0.0.0/8"])
    def test_a_range_that_is_more_than_a_former_address_is_somebody_elses(self, known: str) -> None:
        assert ranges.old(shop(known, "52.0.0.2/32"), ["20.50.0.2"], ["52.0.0.2"]) == ranges.Former((), None)

    def test_a_former_address_that_is_needed_again_is_not_old(self) -> None:
        assert ranges.old(shop(OFFICE, "52.0.0.8/30"), ["52.0.0.8/30"], ["52.0.0.9"]) == ranges.Former((), None)

    def test_there_is_no_command_that_would_empty_the_list(self) -> None:
        assert ranges.old(shop("20.50.0.2/32"), ["20.50.0.2"], []) == ranges.Former(("20.50.0.2/32",), None)

from __future__ import annotations

from typing import Any, Callable

import pytest

from azext_aksegress import arm, body, judged
from azext_aksegress.judged import Difference
from azext_aksegress.request import Request
from tests.armsim.allowlists import admitting
from tests.armsim.estate import cluster_id, node_group, scope
from tests.builders import AZ, CLUSTER, Shop

UANAT, MNAT, UDR = "userAssignedNATGateway", "managedNATGateway", "userDefinedRouting"
NODES = f"{scope(node_group(CLUSTER))}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-apps-vmss"


def projected(shop: Shop, to: str = UANAT) -> Any:
    return judged.projection(shop.snapshot(Request(to, cli_version=AZ)))


def changed(shop: Shop, change: Callable[[Shop], object], to: str = UANAT, *ignored: str) -> list[Difference]:
    before = projected(shop, to)
    change(shop)
    return list(judged.differences(before, projected(shop, to), ignored))


def rows(found: list[Difference]) -> list[tuple[str, str, Any, Any]]:
    """Name of the resource, path, and both values of each difference that follows from no other."""
    named = [(arm.name(row.resource or ""), row.path, row.was, row.now) for row in found if not row.follows]
    return [(name, path.replace("properties.", ""), was, now) for name, path, was, now in named]


def properties(shop: Shop, resource_id: str) -> Any:
    return shop.estate[resource_id]["properties"]


def test_reading_again_makes_no_difference() -> None:
    shop = Shop.byo().gated().routed()
    one, other = projected(shop), projected(shop)
    assert judged.differences(one, other) == ()
    assert judged.fingerprint(one) == judged.fingerprint(other)


def test_no_secret_is_in_it() -> None:
    shop = Shop.byo(httpProxyConfig={"httpProxy": "http://me:hunter2@proxy:80"}).network(somePassword="hunter2")
    assert "hunter2" not in str(projected(shop))


def test_every_read_only_field_that_counts_is_one() -> None:
    assert set(judged._READ_ONLY_AND_JUDGED) <= set(body.READ_ONLY)


@pytest.mark.parametrize(
    ("change", "path", "was", "now"),
    [
        (lambda shop: shop.document.update(tags={"a": "b"}), "tags", None, {"a": "b"}),
        (lambda shop: shop.document.update(eTag="another"), "eTag", "one", "another"),
        (lambda shop: shop.set(provisioningState="Updating"), "provisioningState", "Succeeded", "Updating"),
        (lambda shop: shop.set(powerState={"code": "Stopped"}), "powerState.code", "Running", "Stopped"),
        (
            lambda shop: shop.pool("apps", provisioningState="Failed"),
            "agentPoolProfiles[apps].provisioningState",
            "Succeeded",
            "Failed",
        ),
        (lambda shop: shop.pool("apps", count=4), "agentPoolProfiles[apps].count", 3, 4),
        (lambda shop: shop.network(serviceCidr="10.0.0.0/16"), "networkProfile.serviceCidr", None, "10.0.0.0/16"),
    ],
)
def test_all_of_the_cluster_counts(change: Callable[[Shop], object], path: str, was: Any, now: Any) -> None:
    shop = Shop.byo().gated()
    shop.document["eTag"] = "one"
    assert rows(changed(shop, change)) == [("", path, was, now)]


def test_the_addresses_that_the_cluster_lists_count() -> None:
    shop = Shop.managed()
    profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
    more = {"id": shop.estate.outbound_ip(CLUSTER)}
    found = changed(shop, lambda _: profile["effectiveOutboundIPs"].append(more), MNAT)
    ((_, path, was, now),) = rows(found)
    assert path == f"networkProfile.loadBalancerProfile.effectiveOutboundIPs[{arm.name(more['id'])}]"
    assert (was, now) == (None, {"id": more["id"].lower()})


class TestAround:
    def test_a_setting_is_told_with_its_resource(self) -> None:
        shop = Shop.byo().gated()
        address = properties(shop, shop.gateway_id("snet-apps"))["publicIpAddresses"][0]["id"]
        found = changed(shop, lambda _: properties(shop, address).update(ipAddress="52.0.0.9"))
        assert rows(found) == [("pip-nat-0", "ipAddress", "52.0.0.2", "52.0.0.9")]

    def test_a_route_is_told_by_its_name(self) -> None:
        shop = Shop.byo().routed()
        table = shop.table_id("snet-apps")
        found = changed(shop, lambda _: properties(shop, table)["routes"][0]["properties"].update(nextHopType="None"))
        assert rows(found) == [("rt-snet-apps", "routes[default].nextHopType", "VirtualAppliance", "None")]

    def test_a_route_that_is_gone_is_told_as_such(self) -> None:
        shop = Shop.byo().gated().table("snet-apps", hop="10.1.0.4")
        (found,) = changed(shop, lambda _: properties(shop, shop.table_id("snet-apps"))["routes"].clear())
        assert str(found) == "rt-snet-apps: routes[default]: removed"

    def test_the_order_of_what_has_a_name_is_no_difference_and_that_of_dns_servers_is(self) -> None:
        shop = Shop.byo().routed().dns("10.0.0.4", "10.0.0.5")
        table = properties(shop, shop.table_id("snet-apps"))
        table["routes"].append({**table["routes"][0], "id": "/other", "name": "other"})
        assert changed(shop, lambda _: table["routes"].reverse()) == []
        found = rows(changed(shop, lambda _: shop.dns("10.0.0.5", "10.0.0.4")))
        assert found == [("vnet-shop", "dhcpOptions.dnsServers", ["10.0.0.4", "10.0.0.5"], ["10.0.0.5", "10.0.0.4"])]

    def test_a_new_lock_is_a_member_of_their_list(self) -> None:
        shop = Shop.byo().gated()
        (found,) = changed(shop, lambda _: shop.estate.lock(cluster_id(CLUSTER), name="keep"))
        assert (found.path, str(found).partition(": ")[2][:13]) == ("[keep]", "[keep]: added")

    def test_what_is_forbidden_now_is_told_once(self) -> None:
        shop = Shop.byo().gated()
        found = changed(shop, lambda _: shop.forbid("snet-apps"))
        assert rows(found) == [("snet-apps", "", "read", "could not be read, HTTP 403")]

    def test_what_is_read_only_because_something_refers_to_it_comes_last(self) -> None:
        shop = Shop.byo().gated()
        new = {"id": shop.estate.public_ip("pip-new")}
        rows = properties(shop, shop.gateway_id("snet-apps"))["publicIpAddresses"]
        found = changed(shop, lambda _: rows.append(new))
        assert [(arm.name(row.resource or ""), row.follows) for row in found] == [
            ("nat-shop", False),
            ("pip-new", True),
        ]

    def test_letter_case_of_ids_and_null_for_absent_make_no_difference(self) -> None:
        shop = Shop.byo().gated()

        def tell_otherwise(_: Shop) -> None:
            subnet = properties(shop, shop.subnets["snet-apps"])
            subnet["natGateway"]["id"] = subnet["natGateway"]["id"].upper()
            subnet["routeTable"] = None

        assert changed(shop, tell_otherwise) == []


class TestWhatMovesByItself:
    def test_the_marks_of_writes_do(self) -> None:
        shop = Shop.byo().gated()

        def write(_: Shop) -> None:
            shop.estate[shop.gateway_id("snet-apps")].update(etag="another", systemData={"lastModifiedBy": "me"})
            shop.document["systemData"] = {"lastModifiedBy": "me"}
            shop.pool("apps", eTag="another")

        assert changed(shop, write) == []

    def test_the_nodes_of_a_pool_that_scales_do(self) -> None:
        shop = Shop.byo().gated().pool("apps", enableAutoScaling=True, minCount=1, maxCount=5)

        def scale(_: Shop) -> None:
            shop.pool("apps", count=5)
            shop.estate.furnish(cluster_id(CLUSTER))

        assert changed(shop, scale) == []
        assert rows(changed(shop, lambda _: shop.pool("apps", maxCount=9))) == [
            ("", "agentPoolProfiles[apps].maxCount", 5, 9)
        ]

    def test_the_virtual_machines_of_a_pool_that_scales_do(self) -> None:
        sizes = {"scale": {"autoscale": [{"size": "Standard_D4s_v5", "minCount": 1, "maxCount": 3}]}}
        status = [{"size": "Standard_D4s_v5", "count": 1}]
        shop = Shop.byo().gated().pool("apps", virtualMachinesProfile=sizes, virtualMachineNodesStatus=status)
        assert changed(shop, lambda _: status[0].update(count=2)) == []

    def test_the_network_interfaces_of_nodes_do(self) -> None:
        shop = Shop.byo().gated().guarded()

        def join(_: Shop) -> None:
            interface = shop.estate.nic("aks-nap-1", shop.subnets["snet-apps"], "10.240.1.9", group=node_group(CLUSTER))
            subnet = properties(shop, shop.subnets["snet-apps"])
            shop.estate[interface]["properties"]["networkSecurityGroup"] = subnet["networkSecurityGroup"]
            subnet["provisioningState"] = "Updating"

        assert changed(shop, join) == []

    def test_the_members_of_a_load_balancers_pool_do(self) -> None:
        shop = Shop.byo().gated()
        balancers = f"{scope(node_group(CLUSTER))}/providers/Microsoft.Network/loadBalancers"

        def pool(*instances: int) -> Any:
            members = [{"id": f"{NODES}/virtualMachines/{number}/networkInterfaces/nic"} for number in instances]
            addresses = [{"name": f"aks-apps-vmss_{number}"} for number in instances]
            kept = {"backendIPConfigurations": members, "loadBalancerBackendAddresses": addresses}
            row = {"id": f"{balancers}/kubernetes", "properties": {"backendAddressPools": [{"properties": kept}]}}
            return judged.projection(shop.snapshot().plus({balancers: (row,)}))

        assert judged.differences(pool(0), pool(1, 2)) == ()

    def test_an_instance_of_another_scale_set_does_and_the_scale_set_does_not(self) -> None:
        shop = Shop.byo().gated()
        others = f"{scope('rg-other')}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-other"

        def subnet(*instances: int) -> Any:
            rows = [{"id": f"{others}/virtualMachines/{number}/networkInterfaces/nic"} for number in instances]
            answer = {"id": shop.subnets["snet-apps"], "properties": {"ipConfigurations": rows}}
            return judged.projection(shop.snapshot().plus({shop.subnets["snet-apps"]: answer}))

        assert judged.differences(subnet(0), subnet(1, 2)) == ()
        (found,) = judged.differences(subnet(), subnet(0))
        assert found.path == "properties.ipConfigurations[vmss-other]"

    def test_who_is_on_another_subnet_of_the_network_does_and_who_is_on_the_clusters_does_not(self) -> None:
        shop = Shop.byo().gated()
        other = shop.estate.add(f"{shop.network_id}/subnets/snet-other", {"addressPrefix": "10.240.7.0/24"})
        assert changed(shop, lambda _: shop.estate.nic("nic-other", other, "10.240.7.4")) == []
        found = changed(shop, lambda _: shop.estate.nic("nic-mine", shop.subnets["snet-apps"], "10.240.1.9"))
        assert [(arm.name(row.resource or ""), row.path) for row in found if not row.follows] == [
            ("snet-apps", "properties.ipConfigurations[ipconfig]")
        ]

    def test_the_use_of_a_quota_does_and_its_limit_does_not(self) -> None:
        shop = Shop.managed()
        shop.estate.quota("PublicIPAddresses", 1000, 5)
        assert changed(shop, lambda _: shop.estate.quota("PublicIPAddresses", 1000, 6), MNAT) == []
        found = changed(shop, lambda _: shop.estate.quota("PublicIPAddresses", 900, 6), MNAT)
        assert [(row.was, row.now) for row in found] == [(1000, 900)]

    def test_what_depends_on_who_asks_is_left_out(self) -> None:
        shop = Shop.byo().gated()

        def ask_as_another(_: Shop) -> None:
            shop.estate.permit(cluster_id(CLUSTER), ["*/read"])
            admitting(shop.estate, "Microsoft.Storage/storageAccounts", "stshop", "52.0.0.2")

        assert changed(shop, ask_as_another) == []


class TestDifferences:
    def test_leave_out_the_paths_of_the_cluster_that_are_ignored(self) -> None:
        shop = Shop.byo().gated()

        def change(_: Shop) -> None:
            shop.set(provisioningState="Updating", autoUpgradeProfile={"upgradeChannel": "none"})
            shop.pool("apps", provisioningState="Updating")

        ignored = ("properties.provisioningState", "properties.agentPoolProfiles[*].provisioningState")
        assert [row[1] for row in rows(changed(shop, change, UANAT, *ignored))] == ["autoUpgradeProfile"]
        shop.pool("apps", provisioningState="Succeeded")
        below = ("properties.agentPoolProfiles",)
        assert changed(shop, lambda _: shop.pool("apps", provisioningState="Updating"), UANAT, *below) == []

    @pytest.mark.parametrize("odd", [{}, {"cluster": []}, {"resources": 1, "unread": [], "collections": None}])
    def test_are_told_of_whatever_is_compared(self, odd: Any) -> None:
        assert judged.differences(odd, projected(Shop.byo()))
        assert judged.differences(odd, odd) == ()

    @pytest.mark.parametrize(
        ("path", "was", "now", "said"),
        [
            ("properties.a.properties.b", 1, None, "the cluster: a.b: 1 -> not set"),
            ("ranges[1.2.3.4/32]", None, "1.2.3.4/32", "the cluster: ranges[1.2.3.4/32]: added"),
            ("rows[a]", None, {"id": "/a", "properties": {"b": 1}}, "the cluster: rows[a]: added {b: 1}"),
            ("rows[a]", {"id": "/a"}, None, "the cluster: rows[a]: removed"),
        ],
    )
    def test_are_told_in_few_words(self, path: str, was: Any, now: Any, said: str) -> None:
        assert str(Difference(None, path, was, now)) == said

    def test_never_fill_a_page(self) -> None:
        assert len(str(Difference(None, "a", "x" * 1000, ["y"] * 1000))) < 200

    def test_members_without_a_name_are_told_by_their_place_and_words_by_themselves(self) -> None:
        was, now = {"a": [{"x": 1}, {"x": 2}], "b": ["c", "d"]}, {"a": [{"x": 1}, {"x": 3}], "b": ["d", "e"]}
        found = list(judged.changes("", was, now, into_lists=True))
        assert found == [("a[1].x", 2, 3), ("b[c]", "c", None), ("b[e]", None, "e")]


def test_what_previews_tell_of_the_cluster_itself_counts_alone() -> None:
    shop = Shop.byo().gated().set(currentKubernetesVersion="1.37.0", kubernetesVersion="1.37.0")
    shop.pool("apps", enableAutoScaling=True, count=1)
    assert changed(shop, lambda made: made.pool("apps", count=4)) == []
    assert changed(shop, lambda made: made.set(nodeDisruptionProfile={"mode": "Block"})) != []


class TestBesideEgress:
    def differs(self, **changes: Any) -> bool:
        before = judged.beside_egress(Shop.byo().document)
        return before != judged.beside_egress(Shop.byo(**changes).document)

    def test_counts_what_a_person_sets(self) -> None:
        assert self.differs(dnsPrefix="another")

    def test_leaves_out_what_a_move_changes_and_what_azure_alone_writes(self) -> None:
        shop = Shop.byo("userDefinedRouting", apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8"]})
        shop.document["eTag"] = "another"
        assert judged.beside_egress(shop.document) == judged.beside_egress(Shop.byo().document)

    def test_leaves_out_versions_where_a_channel_upgrades_them(self) -> None:
        one, other = (
            judged.beside_egress(
                Shop.byo(autoUpgradeProfile={"upgradeChannel": "patch"}, kubernetesVersion=version).document
            )
            for version in ("1.33.1", "1.33.2")
        )
        assert one == other
        assert self.differs(kubernetesVersion="1.34.0")

    def test_takes_no_notice_of_letter_case_of_ids_of_nothing_and_of_nodes(self) -> None:
        shop = Shop.byo().pool("apps", nodeImageVersion="another", enableAutoScaling=True, count=9)
        other = Shop.byo().pool("apps", enableAutoScaling=True, count=1)
        for pool in shop.document["properties"]["agentPoolProfiles"]:
            pool["vnetSubnetID"] = pool["vnetSubnetID"].upper()
        shop.document["tags"] = {}
        assert judged.beside_egress(shop.document) == judged.beside_egress(other.document)

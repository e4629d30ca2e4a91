"""`verify` and `rollback` in a real az: against the record of what was done, and back to what was there."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.faults import Before
from tests.armsim.messages import Refusal
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
MANAGED_CLUSTER = "/managedclusters/aks-shop"
Serve = Callable[[Shop], Arm]


@pytest.fixture(autouse=True)
def _no_records(az: Az) -> Iterator[None]:
    """Each test begins without records of others."""
    for found in (az.folder / "azure" / "aksegress").glob("*"):
        found.unlink()
    yield


def run(az: Az, command: str, *words: str) -> Result:
    return az("aks", "egress", command, *CLUSTER, *words)


def migrate(az: Az, to: str, *words: str) -> Result:
    return run(az, "migrate", "--to", to, "--yes", *words)


def rollback(az: Az, *words: str) -> Result:
    return run(az, "rollback", "--yes", *words)


def stored_type(shop: Shop) -> str:
    found: str = shop.document["properties"]["networkProfile"]["outboundType"]
    return found


def outcomes(result: Result) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in result.json["verification"]["findings"]}


class TestVerify:
    def test_a_cluster_that_is_as_the_record_says_is_proven(self, each_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        assert migrate(each_az, UDR).code == 0
        writes = len(arm.writes)
        result = run(each_az, "verify")
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert outcomes(result)["verify.beside"] == "pass"
        assert len(arm.writes) == writes

    def test_what_is_not_as_the_record_says_is_named(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        serve(shop)
        assert migrate(az, UDR).code == 0
        shop.document["tags"] = {"cost": "shop"}
        result = run(az, "verify")
        assert (result.code, result.json["outcome"]) == (6, "notVerified")
        assert "tags" in result.err
        assert outcomes(result)["verify.beside"] == "fail"

    def test_another_type_than_the_record_says_is_named(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        serve(shop)
        assert migrate(az, UDR).code == 0
        shop.network(outboundType="none")
        result = run(az, "verify")
        assert (result.code, outcomes(result)["verify.type"]) == (6, "fail")

    def test_a_policy_that_puts_the_cluster_again_is_waited_for(self, quick_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        arm.put_again_after_success(looks=9)
        assert migrate(quick_az, UDR).code == 0
        assert run(quick_az, "verify").code == 0

    def test_a_node_that_came_and_a_new_node_image_are_no_change(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().pool("apps", enableAutoScaling=True, minCount=1, maxCount=9, count=3).routed()
        serve(shop)
        assert migrate(az, UDR).code == 0
        shop.pool("apps", count=7, nodeImageVersion="AKSUbuntu-2204gen2containerd-202611.01.0")
        assert run(az, "verify").code == 0

    def test_without_a_record_it_says_where_it_looked(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(Shop.byo().routed())
        result = run(az, "verify", "--record-dir", str(tmp_path))
        assert result.code == 1
        assert f"{tmp_path} has no record of a migration of aks-shop" in result.err

    def test_a_cluster_that_is_gone_is_not_found(self, az: Az, serve: Serve) -> None:
        serve(Shop.byo().routed())
        assert migrate(az, UDR).code == 0
        gone = serve(Shop.byo())
        gone.fault("GET", MANAGED_CLUSTER, Refusal(404, "ResourceNotFound", "gone"), times=9)
        assert run(az, "verify").code == 3


class TestRollback:
    @pytest.mark.parametrize(
        ("shop", "to", "accept"),
        [
            (lambda: Shop.byo().routed(), UDR, ()),
            (lambda: Shop.byo().gated(), UANAT, ()),
            (Shop.managed, MNAT, ("--accept", "EGR604", "EGR601")),
        ],
        ids=[UDR, UANAT, MNAT],
    )
    def test_it_leads_back_to_what_was_there(
        self, each_az: Az, serve: Serve, shop: Callable[[], Shop], to: str, accept: tuple[str, ...]
    ) -> None:
        made = shop()
        serve(made)
        assert migrate(each_az, to, *accept).code == 0
        result = rollback(each_az)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert (result.json["from"], result.json["to"], stored_type(made)) == (to, LB, LB)

    def test_options_come_back_too(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        shop.network(
            loadBalancerProfile={
                **shop.document["properties"]["networkProfile"]["loadBalancerProfile"],
                "allocatedOutboundPorts": 1024,
                "idleTimeoutInMinutes": 60,
            }
        )
        serve(shop)
        assert migrate(az, UDR).code == 0
        assert rollback(az).code == 0
        profile = shop.document["properties"]["networkProfile"]["loadBalancerProfile"]
        assert (profile["allocatedOutboundPorts"], profile["idleTimeoutInMinutes"]) == (1024, 60)

    def test_addresses_of_ones_own_come_back(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        own = shop.own_ip("pip-own", ipAddress="52.0.1.1")
        arm = serve(shop)
        assert migrate(az, LB, "--lb-ips", own).code == 0
        assert migrate(az, UDR).code == 0
        result = rollback(az)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        profile = arm.writes[-1].body["properties"]["networkProfile"]["loadBalancerProfile"]
        assert profile["outboundIPs"] == {"publicIPs": [{"id": own}]}

    def test_a_dry_run_names_the_addresses_that_cannot_be_had_again(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.managed())
        assert migrate(az, MNAT, "--accept", "EGR604", "EGR601").code == 0
        writes = len(arm.writes)
        result = run(az, "rollback", "--dry-run")
        assert (result.code, result.json["outcome"]) == (0, "planned")
        assert result.json["plan"]["lostIps"] == ["20.50.0.2"]
        assert len(arm.writes) == writes

    def test_a_failed_move_whose_goal_is_stored_is_rolled_back(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.operation_ends("Failed", "NatGatewayFailed", "no room", stored="goal")
        assert migrate(each_az, UDR).code == 1
        assert stored_type(shop) == UDR
        result = rollback(each_az)
        assert (result.code, stored_type(shop)) == (0, LB), result.err

    def test_a_failed_move_whose_goal_is_stored_is_made_again_and_then_rolled_back(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.operation_ends("Failed", "NatGatewayFailed", "no room", stored="goal")
        assert migrate(az, UDR).code == 1
        again = migrate(az, UDR)
        assert (again.code, again.json["outcome"]) == (0, "applied"), again.err
        assert (rollback(az).code, stored_type(shop)) == (0, LB)

    def test_a_second_rollback_has_nothing_to_do(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        assert migrate(az, UDR).code == 0
        assert rollback(az).code == 0
        writes = len(arm.writes)
        result = rollback(az)
        assert (result.code, result.json["outcome"], len(arm.writes)) == (0, "nothingToDo", writes)
        assert run(az, "verify").code == 0

    def test_a_one_way_door_is_refused_with_its_reason(self, az: Az, serve: Serve) -> None:
        shop = Shop.managed()
        arm = serve(shop)
        door = ("--nat-gateway-sku", "StandardV2", "--accept", "EGR601")
        assert migrate(az, MNAT, *door).code == 0
        writes = len(arm.writes)
        result = rollback(az)
        assert (result.code, result.json["outcome"], len(arm.writes)) == (4, "blocked", writes)
        assert "EGR101" in result.err
        assert "There is no way back from here" in result.err

    def test_what_azure_refused_is_not_undone(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, Refusal(403, "Forbidden", "no right"))
        assert migrate(az, UDR).code == 1
        result = rollback(az)
        assert (result.code, result.json["outcome"], len(arm.writes)) == (0, "nothingToDo", 1)
        shop.network(outboundType=UDR)  # somebody else
        refused = rollback(az)
        assert (refused.code, len(arm.writes)) == (1, 1)
        assert "somebody else" in refused.err

    def test_a_cluster_that_was_moved_again_is_left_alone(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        assert migrate(az, UDR).code == 0
        shop.network(outboundType="none")
        result = rollback(az)
        assert (result.code, len(arm.writes)) == (1, 1)
        assert "it was moved again since" in result.err

    def test_only_what_the_move_added_is_taken_out_of_the_ranges(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.byo(apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8"]}).gated()
        serve(shop)
        assert migrate(quick_az, UANAT, "--update-ip-ranges").code == 0
        profile = shop.document["properties"]["apiServerAccessProfile"]
        profile["authorizedIPRanges"].append("30.0.0.0/8")
        shop.document["properties"]["agentPoolProfiles"][0]["enableNodePublicIP"] = False
        for subnet in shop.document["properties"]["agentPoolProfiles"]:
            quick_az.must(
                "network", "vnet", "subnet", "update", "--ids", subnet["vnetSubnetID"], "--nat-gateway", "null"
            )
        result = rollback(quick_az)
        assert result.code == 0, result.err
        assert shop.document["properties"]["apiServerAccessProfile"]["authorizedIPRanges"] == [
            "20.0.0.0/8",
            "30.0.0.0/8",
        ]

    def test_a_list_that_somebody_has_emptied_is_not_begun_again(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.managed(apiServerAccessProfile={"authorizedIPRanges": ["0.0.0.0/32"]})
        arm = serve(shop)
        assert migrate(quick_az, MNAT, "--update-ip-ranges", "--accept", "EGR604", "EGR601").code == 0
        shop.document["properties"].pop("apiServerAccessProfile")
        shop.document["eTag"] = "of-somebody-else"
        result = rollback(quick_az)
        assert (result.code, stored_type(shop)) == (0, LB), result.err
        assert not (arm.writes[-1].body["properties"].get("apiServerAccessProfile") or {}).get("authorizedIPRanges")

    @pytest.mark.parametrize(
        ("shop", "to", "address"), [(Shop.byo(UDR), LB, "20.50.0.2"), (Shop.byo(UDR).gated(), UANAT, "52.0.0.2")]
    )
    def test_what_is_left_to_do_can_be_done_and_is_verified(
        self, az: Az, serve: Serve, shop: Shop, to: str, address: str
    ) -> None:
        serve(shop)
        result = migrate(az, to)
        assert (result.code, run(az, "verify").code) == (0, 0), result.err
        for fix in result.json["plan"]["afterwards"]:
            assert az.shell(fix["command"]).code == 0
        verified = run(az, "verify")
        assert (verified.code, verified.json["verification"]["egressIps"]) == (0, [address]), verified.err


class TestTheRecord:
    def test_it_is_private_and_holds_what_a_rollback_needs(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        serve(Shop.byo().routed())
        folder = tmp_path / "records"
        (tmp_path / "records").mkdir()
        (folder / "notes.txt").write_text("not one of ours")
        assert migrate(az, UDR, "--record-dir", str(folder)).code == 0
        (found,) = folder.glob("aks-shop-*.json")
        assert stat.S_IMODE(found.stat().st_mode) == 0o600
        document = json.loads(found.read_text())
        assert document["before"]["cluster"]["properties"]["networkProfile"]["outboundType"] == LB
        assert [step["event"] for step in document["steps"]] == ["sending", "accepted", "succeeded", "applied"]
        assert rollback(az, "--record-dir", str(folder)).code == 0

    def test_it_is_there_before_the_write_or_nothing_is_sent(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(Shop.byo().routed())
        (tmp_path / "file").write_text("")
        result = migrate(az, UDR, "--record-dir", str(tmp_path / "file"))
        assert (result.code, arm.writes) == (1, [])
        assert "nothing was sent" in result.err

    def test_a_record_of_another_cluster_is_refused(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(Shop.byo().routed())
        assert migrate(az, UDR, "--record-dir", str(tmp_path)).code == 0
        (found,) = tmp_path.glob("*.json")
        document: dict[str, Any] = json.loads(found.read_text())
        for named in (document["cluster"], document["before"]["cluster"]):
            named["id"] = named["id"].replace("aks-shop", "aks-other")
        found.write_text(json.dumps(document))
        for command in (("verify",), ("rollback", "--yes")):
            result = run(az, *command, "--record", str(found))
            assert (result.code, len(arm.writes)) == (1, 1)
            assert "aks-other" in result.err

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"schemaVersion": "2"}', '{"schemaVersion": "1"}'])
    def test_what_is_no_record_is_refused(self, az: Az, serve: Serve, tmp_path: Path, text: str) -> None:
        serve(Shop.byo().routed())
        (tmp_path / "file.json").write_text(text)
        result = run(az, "rollback", "--yes", "--record", str(tmp_path / "file.json"))
        assert result.code == 1
        assert "is no record" in result.err
        assert "Traceback" not in result.err


def test_somebody_elses_write_during_a_rollback_is_never_overwritten(az: Az, serve: Serve) -> None:
    shop = Shop.byo().routed()
    arm = serve(shop)
    assert migrate(az, UDR).code == 0

    def somebody() -> None:
        shop.document["tags"] = {"who": "else"}
        shop.document["eTag"] = "of-somebody-else"

    arm.fault("PUT", MANAGED_CLUSTER, Before(somebody))
    result = rollback(az)
    assert result.code == 1
    assert (stored_type(shop), shop.document["tags"]) == (UDR, {"who": "else"})
    assert rollback(az).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("migrate", "--plan", "", "--yes"),
        ("migrate", "--to", UDR, "--dry-run", "--out", ""),
        ("migrate", "--to", UDR, "--yes", "--record-dir", ""),
        ("verify", "--record", ""),
        ("rollback", "--record", "", "--yes"),
    ],
)
def test_a_path_that_is_empty_is_a_usage_error(az: Az, serve: Serve, words: tuple[str, ...]) -> None:
    arm = serve(Shop.byo().routed())
    result = run(az, *words)
    assert (result.code, arm.writes) == (2, []), result.err

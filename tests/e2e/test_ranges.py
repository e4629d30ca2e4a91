"""The API server's authorized ranges in a real az: extended before the move or right after it, in their own update."""

from __future__ import annotations

from typing import Any, Callable

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.armsim.faults import Before
from tests.armsim.messages import Refusal
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
Serve = Callable[[Shop], Arm]


def authorized(*known: str) -> dict[str, Any]:
    return {"apiServerAccessProfile": {"authorizedIPRanges": list(known)}}


def stored(shop: Shop) -> list[str]:
    found: list[str] = shop.document["properties"]["apiServerAccessProfile"]["authorizedIPRanges"]
    return found


def migrate(az: Az, *words: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--yes", "--update-ip-ranges", *words)


def put_ranges(arm: Arm) -> list[tuple[str, list[str]]]:
    """The outbound type and the ranges of each update that was sent."""
    bodies = [request.body["properties"] for request in arm.writes]
    return [
        (body["networkProfile"]["outboundType"], body["apiServerAccessProfile"]["authorizedIPRanges"])
        for body in bodies
    ]


def actions(result: Result) -> list[str]:
    return [step["action"] for step in result.json["plan"]["steps"]]


class TestBeforeTheMove:
    def test_known_addresses_are_added_and_spread_before_the_type_changes(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.byo(**authorized("20.0.0.0/8")).gated()
        arm = serve(shop)
        result = migrate(quick_az, "--to", UANAT)
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert actions(result) == ["authorizeIpRanges", "updateOutboundType"]
        wanted = ["20.0.0.0/8", "52.0.0.2/32"]
        assert put_ranges(arm) == [(LB, wanted), (UANAT, wanted)]
        assert "waiting two minutes" in result.err

    def test_each_update_has_its_own_etag(self, quick_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo(**authorized("20.0.0.0/8")).gated())
        assert migrate(quick_az, "--to", UANAT).code == 0
        pinned = [request.headers["If-Match"] for request in arm.writes]
        assert len(set(pinned)) == 2
        assert [request.status for request in arm.writes] == [200, 200]

    def test_the_firewall_behind_the_default_route_is_known(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.byo(**authorized("20.0.0.0/8")).routed()
        serve(shop)
        assert migrate(quick_az, "--to", UDR).code == 0
        assert stored(shop) == ["20.0.0.0/8", "52.0.0.1/32"]

    def test_the_range_of_the_load_balancer_alone_is_replaced(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.byo(**authorized("0.0.0.0/32")).gated()
        serve(shop)
        assert migrate(quick_az, "--to", UANAT).code == 0
        assert stored(shop) == ["52.0.0.2/32"]

    def test_without_ranges_no_list_is_begun(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().gated())
        assert migrate(az, "--to", UANAT).code == 0
        assert "authorizedIPRanges" not in (arm.writes[0].body["properties"].get("apiServerAccessProfile") or {})

    def test_what_others_change_while_the_ranges_spread_stops_the_move(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.byo(**authorized("20.0.0.0/8")).gated()
        arm = serve(shop)

        def somebody_tags_it() -> None:
            shop.document["tags"] = {"who": "else"}
            shop.document["eTag"] = "of-somebody-else"

        arm.fault("GET", "/operations/", Before(somebody_tags_it))
        result = migrate(quick_az, "--to", UANAT)
        assert result.code == 1
        assert "the cluster: tags" in result.err
        assert "Done before: add 52.0.0.2/32 to the authorized IP ranges" in result.err
        assert [kind for kind, _ in put_ranges(arm)] == [LB]
        again = migrate(quick_az, "--to", UANAT)
        assert (again.code, shop.document["tags"]) == (0, {"who": "else"})
        assert actions(again) == ["updateOutboundType"]


class TestAfterTheMove:
    def test_addresses_that_aks_makes_are_added_once_they_are_there(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.managed(**authorized("30.0.0.0/8"))
        arm = serve(shop)
        result = migrate(quick_az, "--to", MNAT, "--accept", "EGR604", "EGR601")
        assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
        assert actions(result) == ["updateOutboundType", "authorizeIpRanges"]
        (new,) = result.json["verification"]["egressIps"]
        assert put_ranges(arm) == [(MNAT, ["30.0.0.0/8"]), (MNAT, ["30.0.0.0/8", f"{new}/32"])]

    def test_nothing_is_removed_and_the_command_that_does_is_told(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.managed(**authorized("20.50.0.2/32", "20.60.0.0/16"))
        serve(shop)
        result = migrate(quick_az, "--to", MNAT, "--accept", "EGR604", "EGR601")
        assert stored(shop)[:2] == ["20.50.0.2/32", "20.60.0.0/16"]
        (finding,) = [row for row in result.json["verification"]["findings"] if row["id"] == "verify.ranges"]
        (command,) = [fix["command"] for fix in finding["fix"]]
        assert quick_az.shell(command).code == 0
        (new,) = result.json["verification"]["egressIps"]
        assert stored(shop) == ["20.60.0.0/16", f"{new}/32"]

    def test_where_they_are_refused_the_move_stands_and_a_rerun_adds_them(self, quick_az: Az, serve: Serve) -> None:
        shop = Shop.managed(**authorized("30.0.0.0/8"))
        arm = serve(shop)
        arm.fault("PUT", "/managedclusters/aks-shop", Refusal(403, "Forbidden", "no right"), times=1, skip=1)
        words = ("--to", MNAT, "--accept", "EGR604", "EGR601")
        result = migrate(quick_az, *words)
        assert result.code == 1
        assert f"Done before: {LB} -> {MNAT}" in result.err
        again = migrate(quick_az, *words)
        assert (again.code, actions(again)) == (0, ["authorizeIpRanges"]), again.err
        assert len(stored(shop)) == 2


def test_it_works_in_every_az(each_az: Az, serve: Serve) -> None:
    shop = Shop.managed(**authorized("30.0.0.0/8"))
    serve(shop)
    assert migrate(each_az, "--to", MNAT, "--accept", "EGR604", "EGR601").code == 0
    assert len(stored(shop)) == 2


def test_without_waiting_only_the_last_update_is_left_to_azure(quick_az: Az, serve: Serve) -> None:
    shop = Shop.byo(**authorized("20.0.0.0/8")).gated()
    arm = serve(shop)
    result = migrate(quick_az, "--to", UANAT, "--no-wait")
    assert (result.code, result.json["outcome"]) == (0, "started"), result.err
    assert [kind for kind, _ in put_ranges(arm)] == [LB, UANAT]
    assert quick_az("aks", "egress", "verify", *CLUSTER).code == 0

from __future__ import annotations

import copy
from typing import Any

import pytest

from azext_aksegress import steps
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Unread
from tests.builders import Shop

LB, UANAT, UDR = "loadBalancer", "userAssignedNATGateway", "userDefinedRouting"


def shop(*known: str) -> Shop:
    """A cluster whose subnets have a NAT gateway with the address 52.0.0.2, and authorized ranges."""
    return Shop.byo(UANAT, apiServerAccessProfile={"authorizedIPRanges": list(known), "other": 1}).gated()


def ranges(update: steps.Update | None) -> Any:
    assert update is not None
    return update.body["properties"]["apiServerAccessProfile"]["authorizedIPRanges"]


class TestAMove:
    def test_is_pinned_to_the_cluster_that_was_read(self) -> None:
        cluster = Shop.byo().routed().cluster()
        assert steps.move(cluster, Request(UDR)).etag == cluster.document["eTag"]

    def test_has_landed_where_type_and_options_are_stored(self) -> None:
        found = Shop.byo(UDR)
        update = steps.move(found.cluster(), Request(LB, idle_timeout=9))
        found.network(outboundType=LB)
        assert not update.reached(found.document)
        found.network(loadBalancerProfile={"idleTimeoutInMinutes": 9})
        assert update.reached(found.document)

    def test_knows_a_cluster_that_nobody_wrote_to(self) -> None:
        found = Shop.byo().routed()
        update = steps.move(found.cluster(), Request(UDR))
        read = copy.deepcopy(found.document)
        read["eTag"] = read["properties"]["provisioningState"] = "another"
        assert update.is_unchanged(read)
        read["tags"] = {"who": "else"}
        assert not update.is_unchanged(read)


class TestAuthorizing:
    def test_adds_what_the_ranges_lack_and_changes_nothing_else(self) -> None:
        cluster = shop("20.0.0.0/8").cluster()
        update = steps.authorize(cluster, ["52.0.0.2"])
        assert update is not None
        assert ranges(update) == ["20.0.0.0/8", "52.0.0.2/32"]
        assert (update.added, update.removed) == (("52.0.0.2/32",), ())
        assert update.body["properties"]["apiServerAccessProfile"]["other"] == 1
        update.body["properties"]["apiServerAccessProfile"]["authorizedIPRanges"].remove("52.0.0.2/32")
        assert update.is_unchanged(update.body)

    def test_leaves_out_the_profile_of_a_type_that_was_left(self) -> None:
        found = Shop.byo(UDR, apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8"]})
        found.network(loadBalancerProfile={"idleTimeoutInMinutes": 30})
        update = steps.authorize(found.cluster(), ["52.0.0.2"])
        assert update is not None
        assert "loadBalancerProfile" not in update.body["properties"]["networkProfile"]

    def test_carries_the_profile_of_todays_type_along(self) -> None:
        found = Shop.byo(LB, apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8"]})
        update = steps.authorize(found.cluster(), ["52.0.0.2"])
        assert update is not None
        assert update.body["properties"]["networkProfile"]["loadBalancerProfile"]["idleTimeoutInMinutes"] == 30

    def test_says_what_gives_way(self) -> None:
        update = steps.authorize(shop("0.0.0.0/32").cluster(), ["52.0.0.2"])
        assert update is not None
        assert (update.added, update.removed) == (("52.0.0.2/32",), ("0.0.0.0/32",))

    def test_is_not_needed_where_they_are_held(self) -> None:
        assert steps.authorize(shop("52.0.0.0/24").cluster(), ["52.0.0.2"]) is None

    def test_has_landed_however_azure_spells_the_ranges(self) -> None:
        found = shop("20.0.0.0/8")
        update = steps.authorize(found.cluster(), ["52.0.0.2"])
        assert update is not None
        assert not update.reached(found.document)
        found.set(apiServerAccessProfile={"authorizedIPRanges": ["52.0.0.2", "20.0.0.0/8"]})
        assert update.reached(found.document)

    def test_takes_the_addresses_of_today(self) -> None:
        assert ranges(steps.authorize_todays(shop("20.0.0.0/8").cluster())) == ["20.0.0.0/8", "52.0.0.2/32"]

    def test_does_not_guess_where_the_addresses_of_today_are_not_known(self) -> None:
        found = shop("20.0.0.0/8").forbid("snet-apps")
        with pytest.raises(Unread):
            steps.authorize_todays(found.cluster())


class TestRestoring:
    def test_takes_out_what_was_added(self) -> None:
        cluster = shop("20.0.0.0/8", "52.9.9.9/32", "30.0.0.0/8").cluster()
        assert ranges(steps.restore(cluster, ["52.9.9.9/32"], [])) == ["20.0.0.0/8", "30.0.0.0/8"]

    def test_leaves_what_carries_egress_now(self) -> None:
        assert steps.restore(shop("20.0.0.0/8", "52.0.0.2/32").cluster(), ["52.0.0.2/32"], []) is None

    def test_never_empties_the_list(self) -> None:
        assert steps.restore(shop("52.9.9.9/32").cluster(), ["52.9.9.9/32"], []) is None

    def test_leaves_all_where_it_is_not_known_what_carries_egress(self) -> None:
        found = shop("20.0.0.0/8", "52.9.9.9/32").forbid("snet-apps")
        assert steps.restore(found.cluster(), ["52.9.9.9/32"], []) is None

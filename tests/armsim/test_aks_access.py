"""Authorized IP ranges: how they are stored, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.armsim.caller import CLUSTER, Caller, managed

FULL = [f"20.0.{number}.0/24" for number in range(200)]


def gated(*ranges: str) -> Caller:
    return managed(apiServerAccessProfile={"authorizedIPRanges": [*ranges]})


def access(*ranges: str, **more: Any) -> dict[str, Any]:
    return {"apiServerAccessProfile": {"authorizedIPRanges": [*ranges], **more}}


def stored(azure: Caller) -> list[str]:
    found: list[str] = azure.get(CLUSTER)["properties"]["apiServerAccessProfile"]["authorizedIPRanges"]
    return found


class TestWhatIsStored:
    def test_an_address_becomes_a_range_and_all_else_stays_in_its_order(self) -> None:
        azure = managed()
        azure.move(**access("9.9.9.9", "AzureCloud", "20.0.0.0/8"))
        assert stored(azure) == ["9.9.9.9/32", "AzureCloud", "20.0.0.0/8"]

    @pytest.mark.parametrize("profile", [None, {}, {"disableRunCommand": True}, {"authorizedIPRanges": None}])
    def test_what_is_absent_stays_as_stored_and_so_does_what_is_null(self, profile: Any) -> None:
        azure = gated("9.9.9.9/32")
        azure.move(apiServerAccessProfile=profile)
        assert stored(azure) == ["9.9.9.9/32"]

    def test_an_empty_list_clears_it(self) -> None:
        azure = gated("9.9.9.9/32")
        azure.move(**access())
        assert stored(azure) == []

    def test_nothing_is_stored_of_what_is_refused(self) -> None:
        azure = gated("9.9.9.9")
        assert azure.begin("userDefinedRouting", **access("8.8.8.8")).status == 400
        assert stored(azure) == ["9.9.9.9"]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "ranges",
        [
            ["2001:db8::/32"],
            ["2603::1"],
            ["300.0.0.1"],
            ["9.9.9.9/33"],
            ["20.0.0.1/8"],
            ["9.9.9.9, 8.8.8.8"],
            [""],
            ["AzureCloud", "ActionGroup"],
            ["0.0.0.0/32", "9.9.9.9"],
            [*FULL, "9.9.9.9"],
        ],
    )
    def test_what_is_no_list_of_ipv4_ranges_with_one_tag_at_most(self, ranges: list[str]) -> None:
        assert managed().refused(**access(*ranges)) == "InvalidParameter"

    def test_any_on_a_private_cluster(self) -> None:
        assert managed().refused(**access("9.9.9.9", enablePrivateCluster=True)) == "InvalidParameter"

    @pytest.mark.parametrize(
        "properties",
        [
            access(*FULL),
            access("0.0.0.0/32"),
            access("AzureCloud.westeurope", "9.9.9.9"),
            access(enablePrivateCluster=True),
            access(*FULL, "9.9.9.9", enableVnetIntegration=True),
        ],
    )
    def test_the_rest_is_taken(self, properties: dict[str, Any]) -> None:
        assert managed().begin(**properties).status == 200

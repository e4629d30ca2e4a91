from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Shop

LB, MNAT = "loadBalancer", "managedNATGateway"
V2 = {"nat_gateway_sku": "StandardV2"}
DUAL = ["IPv4", "IPv6"]
IDS = tuple(f"/id{number}" for number in range(17))


class TestEGR403:
    def test_without_numbers_there_is_nothing_to_judge(self) -> None:
        assert Shop.managed().outcome("EGR403", MNAT, nat_gateway_sku="Standard") == "skip"

    @pytest.mark.parametrize(
        ("to", "options"),
        [
            (LB, {"ip_count": 1, "ports": 0, "idle_timeout": 4}),
            (LB, {"ip_count": 100, "ipv6_count": 100, "ports": 64000, "idle_timeout": 120}),
            (MNAT, {"ip_count": 1, "idle_timeout": 4}),
            (MNAT, {"ip_count": 16, "ipv6_count": 16, "idle_timeout": 120, **V2}),
        ],
    )
    def test_the_bounds_are_in_range(self, to: str, options: dict[str, Any]) -> None:
        assert Shop.managed("none").network(ipFamilies=DUAL).outcome("EGR403", to, **options) == "pass"

    @pytest.mark.parametrize(
        ("to", "options", "expected"),
        [
            (LB, {"ip_count": 0}, "1 to 100"),
            (LB, {"ip_count": 101}, "1 to 100"),
            (LB, {"ipv6_count": -1}, "0 to 100"),
            (LB, {"ports": 64008}, "0 to 64000, a multiple of 8"),
            (LB, {"ports": 1023}, "0 to 64000, a multiple of 8"),
            (LB, {"idle_timeout": 3}, "4 to 120"),
            (LB, {"idle_timeout": 121}, "4 to 120"),
            (MNAT, {"ip_count": 0}, "1 to 16"),
            (MNAT, {"ip_count": 17}, "1 to 16"),
            (MNAT, {"ipv6_count": 17, **V2}, "1 to 16"),
            (MNAT, {"idle_timeout": 121}, "4 to 120"),
            (MNAT, {"ip_ids": IDS, **V2}, "1 to 16 ids"),
        ],
    )
    def test_beyond_them_it_fails_and_says_the_range(self, to: str, options: dict[str, Any], expected: str) -> None:
        (finding,) = Shop.managed("none").network(ipFamilies=DUAL).findings("EGR403", to, **options)
        assert (finding.outcome, finding.seen.expected) == ("fail", expected)

    def test_each_number_out_of_range_is_named(self) -> None:
        found = Shop.managed("none").findings("EGR403", LB, ip_count=0, ports=7, idle_timeout=30)
        assert [row.outcome for row in found] == ["fail", "fail"]

    @pytest.mark.parametrize("options", [{}, {"nat_gateway_sku": "Standard"}])
    def test_ipv6_needs_standard_v2(self, options: dict[str, Any]) -> None:
        assert Shop.managed().network(ipFamilies=DUAL).outcome("EGR403", MNAT, ipv6_count=1, **options) == "fail"

    @pytest.mark.parametrize(("to", "options"), [(LB, {}), (MNAT, V2)])
    def test_ipv6_needs_a_dual_stack_cluster(self, to: str, options: dict[str, Any]) -> None:
        assert Shop.managed("none").outcome("EGR403", to, ipv6_count=1, **options) == "fail"

    def test_a_sku_needs_an_api_version_that_knows_it(self) -> None:
        shop = Shop.managed().older("2025-10-01")
        assert shop.outcome("EGR403", MNAT, nat_gateway_sku="Standard") == "fail"
        assert shop.outcome("EGR403", MNAT, idle_timeout=30) == "pass"

"""Which routes of a table carry what goes to the internet."""

from __future__ import annotations

import random

import pytest

from azext_aksegress.network import Route, RouteTable


def carrying(*prefixes: str) -> list[str | None]:
    """The prefixes of the routes that carry it, of a table with routes of these prefixes."""
    routes = tuple(Route(prefix, "VirtualAppliance", "10.1.0.4", prefix) for prefix in prefixes)
    return [route.prefix if route else None for route in RouteTable("rt", routes, True, ()).internet_routes]


class TestInternetRoutes:
    def test_without_any_the_system_does(self) -> None:
        assert carrying() == carrying("10.0.0.0/8", "AzureCloud", "::/0", "no prefix") == [None]

    def test_the_default_route_does(self) -> None:
        assert carrying("0.0.0.0/0", "10.0.0.0/8") == ["0.0.0.0/0"]

    def test_the_longest_prefix_goes_first(self) -> None:
        assert carrying("0.0.0.0/0", "128.0.0.0/1") == ["0.0.0.0/0", "128.0.0.0/1"]
        assert carrying("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1") == ["0.0.0.0/1", "128.0.0.0/1"]

    def test_four_quarters_carry_all_of_it(self) -> None:
        quarters = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
        assert carrying(*quarters) == quarters

    def test_what_pieces_leave_out_the_system_carries(self) -> None:
        assert carrying("0.0.0.0/2", "64.0.0.0/2") == ["0.0.0.0/2", "64.0.0.0/2", None]

    def test_no_route_for_private_or_reserved_ranges_is_missed(self) -> None:
        around_ten = ["0.0.0.0/5", "8.0.0.0/7", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2", "128.0.0.0/2"]
        assert None in carrying(*around_ten)  # 11.0.0.0/8, and from 192.0.0.0 on
        assert None not in carrying("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3")

    @pytest.mark.parametrize("prefix", ["11.0.0.0/8", "20.0.0.0/9"])
    def test_a_route_for_one_destination_is_no_part_of_it(self, prefix: str) -> None:
        assert carrying("0.0.0.0/0", prefix) == ["0.0.0.0/0"]

    def test_the_order_of_the_routes_does_not_matter(self) -> None:
        prefixes = ["0.0.0.0/0", "0.0.0.0/1", "64.0.0.0/2", "128.0.0.0/3"]
        shuffled = random.Random(7).sample(prefixes, len(prefixes))
        assert carrying(*prefixes) == carrying(*shuffled) == ["0.0.0.0/1", "64.0.0.0/2", "128.0.0.0/3", "0.0.0.0/0"]

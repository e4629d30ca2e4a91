"""What people see of a fleet, as golden files: run with AKSEGRESS_GOLDEN=write after a look at what changed."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Sequence

import pytest
from knack.output import format_table
from knack.util import CommandResultItem

from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.fleet import in_order
from azext_aksegress.fleet import row as row_of
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.render import fleet, table
from azext_aksegress.render.terminal import Line, Look
from azext_aksegress.report import VERDICTS, make
from azext_aksegress.request import Request
from tests.armsim.arm import Arm
from tests.armsim.estate import SUBSCRIPTION, Estate, cluster_id
from tests.armsim.estate_fleet import KINDS
from tests.armsim.estate_fleet import fleet as large_fleet
from tests.builders import AZ
from tests.defects import UDR
from tests.graphs import Told
from tests.render.test_terminal import LOOKS, WIDE, drawn, matches_golden

IPV6 = "2603:1020:0206:0001:0000:0000:0000:05c8/124"


def told_rows(to: str | None) -> list[Json]:
    """A neighbourhood of the large fleet, judged or not."""
    estate = Estate()
    large_fleet(estate, len(KINDS))
    clusters = Told(Arm(estate), is_judged=to is not None).clusters
    return in_order(row_of(cluster, _judged(cluster, to), to) for cluster in clusters)


def _judged(cluster: Cluster, to: str | None) -> Any:
    return make(cluster.snapshot, Request(to, cli_version=AZ)) if to else None


def row(**changes: Any) -> Json:
    """A row of a cluster that is ready."""
    found: Json = {
        "id": cluster_id("aks-shop"),
        "name": "aks-shop",
        "resourceGroup": "rg-shop",
        "subscriptionId": SUBSCRIPTION,
        "outboundType": "loadBalancer",
        "vnet": "byo",
        "egressIps": ["52.0.0.1"],
        "egressIpsComplete": True,
        "verdict": "ready",
        "blockers": [],
        "warnings": [],
        "unknowns": [],
    }
    return {**found, **changes}


def long_rows() -> list[Json]:
    """Rows that are as wide as they can be."""
    wide = {"name": "a" * 63, "resourceGroup": "g" * 90, "outboundType": "managedNATGatewayV2Preview", "vnet": None}
    many = [f"EGR2{number:02}" for number in range(60)]
    return [
        row(**wide, verdict="undetermined", blockers=many),
        row(**wide, verdict=None, egressIps=[IPV6] * 17, egressIpsComplete=False),
        row(**wide, verdict=None, egressIps=[IPV6]),
        row(**wide, verdict=None, egressIps=[], egressIpsComplete=False),
    ]


def as_table(rows: Sequence[Json]) -> str:
    """What `-o table` prints."""
    text: str = format_table(CommandResultItem(list(rows), table_transformer=table.list_rows))
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def said(look: Look) -> Iterator[Line]:
    missing = {"locks": "HTTP 403", "virtual networks": "Resource Graph is too busy for this caller"}
    return fleet.story(told_rows(UDR), missing, "Resource Graph lists not every cluster: HTTP 500", look)


CASES: dict[str, Callable[[Look], Iterable[Line]]] = {
    "list-judged": lambda look: fleet.lines(told_rows(UDR), look),
    "list-addresses": lambda look: fleet.lines(told_rows(None), look),
    "list-long": lambda look: fleet.lines(long_rows(), look),
    "list-story": said,
}
TABLES = {"list-table-judged": UDR, "list-table-addresses": None}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("case", CASES)
def test_it_looks_as_it_did(case: str, look: str) -> None:
    assert matches_golden(case, look, CASES[case](LOOKS[look]))


@pytest.mark.parametrize("case", TABLES)
def test_a_table_looks_as_it_did(case: str) -> None:
    lines: list[Line] = [[("primary", line)] for line in as_table(told_rows(TABLES[case])).splitlines()]
    assert matches_golden(case, "120", lines)


@pytest.mark.parametrize("case", CASES)
def test_ascii_is_enough_where_a_terminal_has_no_more(case: str) -> None:
    assert drawn(CASES[case](LOOKS["80-ascii"])).isascii()


@pytest.mark.parametrize("width", [80, 99, 100, 120])
@pytest.mark.parametrize("case", CASES)
def test_no_line_is_wider_than_the_terminal(case: str, width: int) -> None:
    lines = "".join("".join(text for _, text in line) + "\n" for line in CASES[case](Look(width))).splitlines()
    assert [line for line in lines if len(line) > width and not line.startswith(("There may", "`az"))] == []


@pytest.mark.parametrize("judged", [True, False])
def test_a_table_of_long_names_is_no_wider_either(judged: bool) -> None:
    rows = [found for found in long_rows() if (found["verdict"] is not None) == judged]
    assert max(map(len, as_table(rows).splitlines())) <= 100


def test_names_from_azure_cannot_move_the_cursor() -> None:
    bad = "a\x1b[2Jb\r\n\u202e"
    rows = [row(name=bad, resourceGroup=bad, outboundType=bad, egressIps=[bad], verdict=None), row(name=bad)]
    for text in (drawn(fleet.lines(rows, WIDE)), as_table(rows)):
        assert not {"\x1b", "\r", "\u202e"} & set(text)


@pytest.mark.parametrize("outbound_type", OUTBOUND_TYPES)
def test_outbound_types_and_verdicts_are_spelled_out(outbound_type: str) -> None:
    text = drawn(fleet.lines([row(outboundType=outbound_type)], WIDE))
    assert f" {outbound_type} " in text
    assert all(len(fleet.verdict(row(verdict=verdict))) <= fleet.VERDICT for verdict in VERDICTS)


@pytest.mark.parametrize(
    ("addresses", "complete", "text"),
    [
        (["52.0.0.1"], True, "52.0.0.1"),
        (["52.0.0.1", "52.0.0.2"], True, "52.0.0.1 +1"),
        (["52.0.0.1"], False, "52.0.0.1 ?"),
        ([], False, "?"),
        ([], True, ""),
    ],
)
def test_of_many_addresses_the_first_is_shown_and_how_many_more_there_are(
    addresses: list[str], complete: bool, text: str
) -> None:
    assert fleet.addresses(row(egressIps=addresses, egressIpsComplete=complete)) == text


def test_what_is_known_of_all_rows_needs_no_second_word() -> None:
    told = drawn(fleet.story([row()] * 2, {}, None, WIDE))
    assert told == "2 ready\n"


def test_a_look_without_unicode_has_no_dots_in_the_sum() -> None:
    rows = [row(), row(verdict="blocked")]
    sums = [drawn(fleet.story(rows, {}, None, LOOKS[look])) for look in ("80", "80-ascii")]
    assert sums == ["1 ready · 1 blocked\n", "1 ready, 1 blocked\n"]

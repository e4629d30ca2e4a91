"""What people look at, as golden files: run with AKSEGRESS_GOLDEN=write after a look at what changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping
from unicodedata import category

import pytest
from azure.cli.core.style import Style, format_styled_text

from azext_aksegress import egress, expected, matrix, migration, report, verify
from azext_aksegress.arm import Json
from azext_aksegress.checks import Finding
from azext_aksegress.node_script import Reply
from azext_aksegress.past import Past
from azext_aksegress.plan import Undo
from azext_aksegress.render import moves, terminal
from azext_aksegress.render.terminal import Line, Look
from azext_aksegress.request import Request
from tests.armsim.estate import isolated
from tests.builders import AZ, Shop
from tests.nodes import Nodes

SERVICES = ("api.ipify.org", "checkip.amazonaws.com")
GOLDEN = Path(__file__).parent / "golden"
LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


def blocked() -> Shop:
    return Shop.byo().routed("snet-system").table("snet-apps")


def prepared(shop: Shop, target: str, *accepted: str) -> migration.Migration:
    return migration.prepare(shop.snapshot(), Request(target, None, AZ), accepted)


def without_write(shop: Shop, target: str, look: Look, *accepted: str) -> Iterator[Line]:
    move = prepared(shop, target, *accepted)
    yield from moves.remarks(move)
    yield from moves.without_write(move, look)


def own_addresses(look: Look) -> Iterable[Line]:
    shop = Shop.managed("none", **isolated())
    request = Request(LB, None, AZ, ip_ids=(shop.own_ip(ipAddress="52.0.1.1"),), artifact_source="Direct")
    return moves.without_write(migration.prepare(shop.snapshot(request), request, ()), look)


def started() -> Iterable[Line]:
    move = prepared(Shop.managed("none", **isolated()), LB)
    assert move.plan
    return moves.started(move.plan, "aks-shop.json")


def done(now: str) -> tuple[migration.Migration, tuple[Finding, ...], Json]:
    """A move of a gated cluster to userDefinedRouting, after which it is on another type or not."""
    move = prepared(Shop.byo(UANAT).routed(), UDR)
    after = Shop.byo(now)
    findings = verify.after_move(after.cluster(), expected.of(move.report))
    return move, findings, move.applied("aks-shop.json", findings, egress.before(after.cluster()).known)


def applied(now: str, look: Look) -> Iterable[Line]:
    move, findings, document = done(now)
    assert move.plan
    return moves.result(document, findings, move.plan, look)


def aside(now: str) -> Iterable[Line]:
    move, findings, document = done(now)
    assert move.plan
    return moves.after_the_move(document, findings, move.plan)


def taken_back(now: Shop, to: str, look: Look) -> Iterable[Line]:
    """The dry run of a rollback to a type."""
    undo = Undo("aks-shop.json", ("20.50.0.9",), ("52.9.9.9/32",), (), moved=True)
    move = migration.prepare(now.snapshot(), Request(to, None, AZ), (), undo=undo)
    return moves.refused(move, look) if move.refusals else moves.without_write(move, look)


def verified(look: Look, replies: Mapping[str, Reply] | None = None, **now: Any) -> Iterable[Line]:
    """A cluster that was moved to userDefinedRouting, held against its record; where there are replies, also of nodes,
    which hear from all others what they should."""
    judged = Shop.byo().routed().report(UDR)
    kept = expected.from_json(expected.of(judged).to_json(), judged.cluster)
    sent = {"step": 1, "action": "updateOutboundType", "event": "sending"}
    document = {"cluster": report.cluster_json(judged.cluster), "steps": [sent]}
    found = Past("aks-shop.json", document, judged.cluster, LB, kept)
    after = Shop.byo(UDR, **now).cluster()
    findings = [*verify.after_move(after, kept), *(() if replies is None else said(replies))]
    return moves.verified(found, migration.verified(found, after, findings, egress.before(after).known), findings, look)


def said(replies: Mapping[str, Reply]) -> Iterable[Finding]:
    """What a node of each subnet says, with the replies of some hosts."""
    nodes = Nodes(Shop.byo(UDR), sees="52.0.0.1")
    nodes.others = dict(replies)
    return nodes.findings()


CASES: dict[str, Callable[[Look], Iterable[Line]]] = {
    "check-blocked": lambda look: terminal.report(blocked().report(UDR), look),
    "check-ready": lambda look: terminal.report(Shop.byo().routed().report(UDR), look),
    "check-warned": lambda look: terminal.report(Shop.managed().report(MNAT), look),
    "check-undetermined": lambda look: terminal.report(Shop.byo(UDR).gated().forbid("snet-apps").report(UANAT), look),
    "check-nothing-to-do": lambda look: terminal.report(Shop.byo(UDR).report(UDR), look),
    "check-one-way": lambda look: terminal.report(
        Shop.managed().report(MNAT, nat_gateway_sku=matrix.STANDARD_V2), look
    ),
    "check-survey": lambda _: terminal.survey(
        report.survey(blocked().snapshot(), lambda target: Request(target, None, AZ))
    ),
    "show": lambda look: terminal.show(report.show_json(blocked().forbid("snet-apps").snapshot()), look),
    "migrate-blocked": lambda look: moves.refused(prepared(Shop.managed(), MNAT), look),
    "migrate-refusals": lambda _: moves.refusals(prepared(Shop.managed(), MNAT)),
    "migrate-planned": lambda look: without_write(Shop.byo().routed(), UDR, look),
    "migrate-one-way": lambda look: without_write(Shop.managed(), MNAT, look, "EGR604"),
    "migrate-saved": lambda look: moves.without_write(prepared(Shop.byo().routed(), UDR), look, "my plan.json"),
    "migrate-saved-nothing": lambda look: moves.without_write(prepared(Shop.byo(UDR), UDR), look, "plan.json"),
    "migrate-own-ips": own_addresses,
    "migrate-started": lambda _: started(),
    "migrate-applied": lambda look: applied(UDR, look),
    "migrate-not-verified": lambda look: applied("none", look),
    "migrate-not-verified-aside": lambda _: aside("none"),
    "rollback-planned": lambda look: taken_back(
        Shop.byo(UDR, apiServerAccessProfile={"authorizedIPRanges": ["20.0.0.0/8", "52.9.9.9/32"]}), LB, look
    ),
    "rollback-one-way": lambda look: taken_back(
        Shop.managed(MNAT).network(natGatewayProfile={"sku": "StandardV2"}), LB, look
    ),
    "verify": verified,
    "verify-differs": lambda look: verified(look, dnsPrefix="another"),
    "verify-probed": lambda look: verified(look, {}),
    "verify-probed-differs": lambda look: verified(look, {"mcr.microsoft.com": Reply(28, "000")}),
    "verify-probed-unknown": lambda look: verified(look, dict.fromkeys(SERVICES, Reply(28, ""))),
    "list-paths": lambda look: terminal.paths(matrix.PATHS, look),
}
WIDE = Look(120)
LOOKS = {
    "80": Look(80),
    "120": Look(120),
    "80-colour": Look(80),
    "120-colour": Look(120),
    "80-ascii": Look(80, unicode=False),
    "120-ascii": Look(120, unicode=False),
}


def drawn(lines: Iterable[Line], look: Look = WIDE) -> str:
    """Lines as a terminal without colours has them."""
    return "".join("".join(text for _, text in line).rstrip() + "\n" for line in terminal.fitted(lines, look))


def coloured(lines: Iterable[Line], look: Look) -> str:
    """Lines as az's own dark theme has them."""
    shown = ([(Style(style), text) for style, text in line] for line in terminal.fitted(lines, look))
    return "".join((format_styled_text(line, "dark") if line else "") + "\n" for line in shown)


def matches_golden(case: str, look: str, lines: Iterable[Line]) -> bool:
    """Whether lines look as they did; they are the new golden where one is asked for."""
    seen = (coloured if look.endswith("colour") else drawn)(lines, LOOKS[look])
    file = GOLDEN / f"{case}.{look}.txt"
    if os.environ.get("AKSEGRESS_GOLDEN") == "write":
        file.write_text(seen, encoding="utf-8")
    return seen == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("case", CASES)
def test_it_looks_as_it_did(case: str, look: str) -> None:
    assert matches_golden(case, look, CASES[case](LOOKS[look]))


@pytest.mark.parametrize("case", CASES)
def test_ascii_is_enough_for_every_sign(case: str) -> None:
    text = drawn(CASES[case](LOOKS["80-ascii"]), LOOKS["80-ascii"])
    assert text.isascii()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("case", CASES)
def test_all_but_commands_stays_within_the_width(case: str, width: int) -> None:
    look = Look(width)
    lines = drawn(CASES[case](look), look).splitlines()
    foldable = [line for line in lines if " " in line.strip() and " az " not in f" {line}"]
    assert [line for line in foldable if len(line) > width] == []


def test_names_from_azure_cannot_move_the_cursor() -> None:
    shop = Shop.byo()
    shop.document["properties"]["agentPoolProfiles"][1].update(name="a\x1b[2Jb\r\n", type="AvailabilitySet\x07")
    text = drawn(terminal.report(shop.report(UDR), WIDE))
    assert not {"\x1b", "\r", "\x07"} & set(text)


def test_a_report_of_an_isolated_cluster_says_that_no_address_is_left() -> None:
    assert "-> none" in drawn(terminal.report(Shop.managed(**isolated()).report("block"), WIDE))


def test_whatever_unicode_calls_a_control_a_format_or_a_line_is_cleaned() -> None:
    unseen = [chr(code) for code in range(0x110000) if category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert terminal.clean("".join(unseen)).strip() == ""


def test_what_people_write_names_in_is_kept() -> None:
    text = "aks-shop_1.(x) é ß 中文 العربية עברית ไทย हिन्दी \U0001f600 ‼×√ <&>'\"`$"
    assert terminal.clean(text) == text

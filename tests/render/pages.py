"""The pages that tests look at: one for each way in which a command ends."""

from __future__ import annotations

from typing import Callable

from azext_aksegress import egress, expected, matrix, migration, report, verify
from azext_aksegress.past import Past
from azext_aksegress.render import moves, page
from azext_aksegress.render.page import Page
from azext_aksegress.request import Request
from tests.armsim.estate import CONTROL_PLANE, NETWORK_GROUP, isolated, scope
from tests.builders import AZ, CLUSTER, Shop
from tests.render.test_fleet import told_rows
from tests.render.test_terminal import LB, MNAT, UANAT, UDR, blocked, done, prepared

HOSTILE = "<img src=x onerror=hacked=1>|`]\"'</script><script>hacked=1</script>@everyone #1 https://evil.example ~~$x$"
POOLS = tuple(f"pool{number}" for number in range(10))


def ten_pools() -> Shop:
    """A cluster of 10 pools in 5 subnets, which all have a NAT gateway already."""
    shop = Shop()
    names = [f"snet-workload-{number}" for number in range(5)]
    shop.subnets = shop.estate.vnet("vnet-shop", names)
    shop.estate.role(CONTROL_PLANE, "Network Contributor", scope(NETWORK_GROUP))
    ids = list(shop.subnets.values())
    shop.estate.cluster(CLUSTER, LB, pools={name: ids[number // 2] for number, name in enumerate(POOLS)})
    return shop.gated(*names[:4])


def hostile() -> Shop:
    """A cluster whose names are what an attacker would write, wherever Azure lets anybody write."""
    shop = Shop.byo()
    for pool in shop.document["properties"]["agentPoolProfiles"]:
        pool["name"] += HOSTILE
        pool["type"] = HOSTILE
    shop.document["location"] = HOSTILE
    return shop


def planned(shop: Shop, target: str, *accepted: str) -> Page:
    move = prepared(shop, target, *accepted)
    return page.of_move(move, move.to_json(), moves.stopped(move))


def refused() -> Page:
    move = prepared(Shop.managed(), MNAT)
    return page.of_move(move, move.to_json(), moves.not_sent(move))


def applied(now: str) -> Page:
    move, findings, document = done(now)
    assert move.plan
    ending = moves.ended(document, findings, move.plan)
    return page.of_move(move, document, ending, findings, Shop.byo(now).cluster())


def started() -> Page:
    move = prepared(Shop.managed("none", **isolated()), LB)
    assert move.plan
    return page.of_move(move, move.started("aks-shop.json"), moves.started(move.plan, "aks-shop.json"))


def verified(**now: object) -> Page:
    judged = Shop.byo().routed().report(UDR)
    kept = expected.from_json(expected.of(judged).to_json(), judged.cluster)
    sent = {"step": 1, "action": "updateOutboundType", "event": "sending"}
    document = {"cluster": report.cluster_json(judged.cluster), "steps": [sent]}
    past = Past("aks-shop.json", document, judged.cluster, LB, kept)
    after = Shop.byo(UDR, **now).cluster()
    findings = verify.after_move(after, kept)
    told = migration.verified(past, after, findings, egress.before(after).known)
    return page.of_verification(past, told, findings, after)


def surveyed(shop: Shop) -> Page:
    return page.of_survey(report.survey(shop.snapshot(), lambda target: Request(target, None, AZ)))


CASES: dict[str, Callable[[], Page]] = {
    "check-blocked": lambda: page.of_report(blocked().report(UDR)),
    "check-ready": lambda: page.of_report(Shop.byo().routed().report(UDR)),
    "check-warned": lambda: page.of_report(Shop.managed().report(MNAT)),
    "check-undetermined": lambda: page.of_report(Shop.byo(UDR).gated().forbid("snet-apps").report(UANAT)),
    "check-nothing-to-do": lambda: page.of_report(Shop.byo(UDR).report(UDR)),
    "check-one-way": lambda: page.of_report(Shop.managed().report(MNAT, nat_gateway_sku=matrix.STANDARD_V2)),
    "check-hostile": lambda: page.of_report(hostile().report(UDR)),
    "check-survey": lambda: surveyed(blocked()),
    "check-ten-pools": lambda: page.of_report(ten_pools().report(UANAT)),
    "migrate-blocked": refused,
    "migrate-planned": lambda: planned(Shop.byo().routed(), UDR),
    "migrate-one-way": lambda: planned(Shop.managed(), MNAT, "EGR604"),
    "migrate-started": started,
    "migrate-applied": lambda: applied(UDR),
    "migrate-not-verified": lambda: applied("none"),
    "verify": verified,
    "verify-differs": lambda: verified(dnsPrefix="another"),
    "list-judged": lambda: page.of_fleet(told_rows(UDR), UDR, {"locks": "HTTP 403"}, None),
    "list-addresses": lambda: page.of_fleet(told_rows(None), None, {}, "Resource Graph is too busy."),
    "failed": lambda: page.of_error("aks-shop", f"There is no cluster {HOSTILE}.", ["Look with `az aks list`."]),
}

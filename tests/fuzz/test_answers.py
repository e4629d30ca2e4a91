"""Whatever Azure answers, in bytes: a read ends as a judgement or an error, and a write in a word on how it ended."""

from __future__ import annotations

import copy
import json
import tempfile
from contextlib import suppress
from typing import Any, Mapping

from azure.core.exceptions import AzureError
from hypothesis import given
from hypothesis import strategies as st

from azext_aksegress import checks, plan, report
from azext_aksegress.apply import apply
from azext_aksegress.arm import Json
from azext_aksegress.follow import OPERATION_TIMEOUT
from azext_aksegress.record import Record
from azext_aksegress.request import Request
from tests.armsim.estate import cluster_id
from tests.builders import AZ, CLUSTER, Shop
from tests.defects import ready
from tests.fuzz import targets
from tests.fuzz.mutations import HOME, ODD_TEXTS, often, torn, written
from tests.fuzz.wire import Raw, Wire

ID = cluster_id(CLUSTER)
UDR, UANAT = "userDefinedRouting", "userAssignedNATGateway"
SHOPS: Mapping[str, Shop] = {target: ready(target) for target in (UDR, UANAT)}
OPERATION = "/subscriptions/x/providers/microsoft.containerservice/locations/westeurope/operations/1"
LONGEST_WAIT = 2 * OPERATION_TIMEOUT
"""Seconds that a command may wait for Azure: an operation takes an hour at most, and what is around it less."""
ERROR: Json = {
    "error": {
        "code": "SomeCode",
        "message": "what the service says",
        "details": [{"code": "Other", "message": "more", "details": []}],
        "innererror": {"code": "inner", "trace": [1]},
        "additionalInfo": [{"type": "PolicyViolation", "info": {"policy": "x"}}],
    }
}
RUNNING: Json = {"id": OPERATION, "name": "1", "status": "InProgress", "startTime": "2026-11-23T06:00:00Z"}
ENDED: Json = {**RUNNING, "status": "Failed", **ERROR}
WAITS = (
    "0",
    "1",
    "-1",
    "1.5",
    "15",
    "16",
    "99999",
    "1e999",
    "nan",
    "",
    "soon",
    "Wed, 21 Oct 2099 07:28:00 GMT",
    "\u0661",
)
KINDS = (
    "application/json",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "text/html",
    "application/xml",
    "",
)
headers = st.fixed_dictionaries(
    {"Content-Type": st.sampled_from(KINDS)},
    optional={
        "Retry-After": st.sampled_from(WAITS),
        "x-ms-retry-after-ms": st.sampled_from(WAITS),
        "retry-after-ms": st.sampled_from(WAITS),
        "Content-Encoding": st.sampled_from(("gzip", "deflate", "br", "identity", "x")),
        "Content-Length": st.sampled_from(("0", "1", "99999999", "-1", "x")),
        "Location": st.sampled_from(
            ("https://elsewhere.example/x", "//elsewhere.example", f"{HOME}/x", *ODD_TEXTS[:4])
        ),
    },
).map(lambda found: {key: value.encode("latin-1", "ignore").decode("latin-1") for key, value in found.items()})
statuses = st.sampled_from((200, 200, 200, 200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 412, 429, 500, 503, 599))


def raws(*documents: Any) -> st.SearchStrategy[Raw]:
    """Answers that say what one of some documents says, or an error does, spoiled or torn."""
    found = [json.dumps(document).encode() for document in (*documents, ERROR)]
    torn_ones = [torn(body) for body in found]
    bodies = st.one_of(*torn_ones, *(written(document) for document in (*documents, ERROR)), *map(st.just, found))
    plain = st.builds(Raw, bodies)
    return st.one_of(plain, st.builds(Raw, bodies, statuses), st.builds(Raw, bodies, statuses, headers))


def asked(target: str) -> dict[str, Any]:
    """What is answered to each path of a clean read."""
    wanted = Request(target, cli_version=AZ)
    with Wire(SHOPS[target]) as wire:
        wire.azure.read(wanted, checks.reads([wanted]))
    return dict(sorted(wire.answered.items()))


ASKED = {target: asked(target) for target in SHOPS}
PASSED = {
    target: set(
        report.make(SHOPS[target].snapshot(Request(target)), Request(target, cli_version=AZ)).ids("pass", "skip")
    )
    for target in SHOPS
}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, dict[str, list[Raw]]]:
    """A target, and the answers to one or two paths of its reads."""
    target = draw(st.sampled_from(list(SHOPS)))
    chosen = draw(st.lists(st.sampled_from(list(ASKED[target])), min_size=1, max_size=2, unique=True))
    pages = {path: st.lists(raws(ASKED[target][path]), min_size=1, max_size=2) for path in chosen}
    return target, {path: draw(found) for path, found in pages.items()}


@often(100)
@given(worlds())
def test_a_read_ends_as_a_judgement_or_an_error_within_its_time(world: tuple[str, dict[str, list[Raw]]]) -> None:
    target, answers = world
    wanted = Request(target, cli_version=AZ)
    with Wire(SHOPS[target], answers) as wire, targets.refused() as errors:
        found = wire.azure.read(wanted, checks.reads([wanted]))
    assert wire.slept <= LONGEST_WAIT
    assert wire.count("PUT") == 0
    if not errors:
        targets.judged_for(found, wanted)
        if all(says_nothing(raw) for rows in answers.values() for raw in rows):
            passed = set(report.make(found, wanted).ids("pass"))
            assert passed <= PASSED[target]


def says_nothing(raw: Raw) -> bool:
    """Whether an answer is no JSON, or a refusal other than that nothing is there."""
    try:
        json.loads(raw.body)
    except (ValueError, RecursionError):
        return True
    return raw.status >= 400 and raw.status != 404


@often(150)
@given(st.lists(raws(RUNNING, ENDED), min_size=1, max_size=3))
def test_what_an_operation_says_is_a_status_a_reason_and_a_time_or_an_error(rows: list[Raw]) -> None:
    with Wire(SHOPS[UANAT], {OPERATION: rows}) as wire:
        for _ in rows:
            with suppress(AzureError):
                status, reason, pause = wire.azure.operation(f"{HOME}{OPERATION}")
                assert isinstance(status, str)
                assert isinstance(reason, str)
                assert 0 <= pause <= LONGEST_WAIT
    assert wire.slept <= LONGEST_WAIT


@often(60)
@given(raws(SHOPS[UANAT].document), st.lists(raws(RUNNING, ENDED), min_size=1, max_size=3), st.booleans())
def test_a_move_ends_and_nothing_is_sent_twice_that_may_have_landed(put: Raw, looks: list[Raw], named: bool) -> None:
    shop = copy.deepcopy(SHOPS[UANAT])
    taken = {**put.headers, **({"Azure-AsyncOperation": f"{HOME}{OPERATION}"} if named else {})}
    answers = {"PUT": [Raw(put.body, put.status, taken)], OPERATION: [*looks, Raw(json.dumps(ENDED).encode())]}
    with Wire(shop, answers) as wire, targets.refused(), tempfile.TemporaryDirectory() as folder:
        made = plan.make(shop.report(UANAT), ())
        apply(wire.azure, made, Record(folder, made, {}), lambda _: None)
    assert wire.slept <= LONGEST_WAIT
    assert 1 <= wire.count("PUT") <= 4
    for one, other in zip(wire.sent, wire.sent[1:]):
        assert not one.startswith("PUT") or not other.startswith("PUT") or put.status in (429, 503)

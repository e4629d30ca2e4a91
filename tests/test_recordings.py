"""Real AKS answers, where the recordings are there: they are read, judged and sent back without a surprise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

from azext_aksegress import body, matrix
from azext_aksegress.body import writable
from azext_aksegress.cluster import Cluster
from azext_aksegress.render import html, page
from azext_aksegress.report import make, show_json
from azext_aksegress.request import OPTIONS, Request
from azext_aksegress.snapshot import Snapshot

FOLDER = Path(__file__).parent.parent.parent / "shared" / "recordings"
CASSETTES = sorted(FOLDER.glob("*.yaml"))
pytestmark = pytest.mark.skipif(not CASSETTES, reason="the recordings of real AKS traffic are not beside this checkout")


def exchanges(cassette: Path) -> Iterator[tuple[str, Any, Any]]:
    """Method, sent and answered JSON of each exchange about a cluster."""
    for row in yaml.safe_load(cassette.read_text())["interactions"]:
        request, response = row["request"], row["response"]
        if "/managedclusters/" in request["uri"].lower() and response["status"]["code"] in (200, 201):
            sent = json.loads(request["body"]) if request["body"] else None
            yield request["method"], sent, json.loads(response["body"]["string"])


def clusters() -> list[Any]:
    return [
        pytest.param(answer, id=f"{cassette.stem}-{number}")
        for cassette in CASSETTES
        for number, (_, _, answer) in enumerate(exchanges(cassette))
    ]


@pytest.mark.parametrize("cluster", clusters())
def test_a_recorded_cluster_is_shown_and_judged(cluster: Any) -> None:
    snapshot = Snapshot("2026-11-23T06:00:00Z", "2024-09-02-preview", cluster)
    assert show_json(snapshot)["egress"]["vnet"] == "managed"
    for target in matrix.OUTBOUND_TYPES:
        made = make(snapshot, Request(target))
        assert made.findings
        assert "<svg" in html.render([page.of_report(made)])


def updates() -> list[Any]:
    """Every recorded update: the cluster that was read last before it, and the document that az sent."""
    found = []
    for cassette in CASSETTES:
        before = None
        for method, sent, answer in exchanges(cassette):
            if method == "PUT" and before:
                found.append(pytest.param(before, sent, id=f"{cassette.stem}-{len(found)}"))
            before = answer
    return found


def asked(before: Any, sent: Any) -> Request:
    """The request of which a recorded update is the answer: its type, and the options that it changed."""
    target = sent["properties"]["networkProfile"]["outboundType"]
    rows = [(option, option.stored(sent["properties"])) for option in OPTIONS if option.target == target]
    changed = {option.field: value for option, value in rows if value != option.stored(before["properties"])}
    return Request(target, **{field: value for field, value in changed.items() if value is not None})


@pytest.mark.parametrize(("before", "sent"), updates())
class TestARecordedUpdate:
    def ours(self, before: Any, sent: Any) -> Any:
        cluster = Cluster(Snapshot("", "2024-09-02-preview", before))
        return json.loads(json.dumps(body.for_update(cluster, asked(before, sent))))

    def test_has_the_network_profile_that_az_sent(self, before: Any, sent: Any) -> None:
        theirs = writable(sent)["properties"]["networkProfile"]  # az sends the effective IPs along, which AKS ignores
        assert self.ours(before, sent)["properties"]["networkProfile"] == theirs

    def test_says_all_that_az_said_with_the_same_values(self, before: Any, sent: Any) -> None:
        assert list(unsaid(writable(sent), self.ours(before, sent))) == []

    def test_says_more_only_of_what_was_read(self, before: Any, sent: Any) -> None:
        egress = r"\.properties\.networkProfile\.(outboundType|loadBalancerProfile|natGatewayProfile)\b"
        more = unsaid(self.ours(before, sent), before)
        assert [path for path in more if not re.match(egress, path)] == []


def unsaid(document: Any, other: Any, path: str = "") -> Iterator[str]:
    """The paths of values that another document does not have, or has otherwise; what is empty says nothing."""
    if isinstance(document, dict) and isinstance(other, dict):
        for key, value in document.items():
            yield from unsaid(value, other.get(key), f"{path}.{key}")
    elif isinstance(document, list) and isinstance(other, list) and len(document) == len(other):
        for one, another in zip(document, other):
            yield from unsaid(one, another, f"{path}[]")
    elif document not in (None, {}, []) and document != other:
        yield path

"""Real AKS answers, where the recordings are there: they are read, judged and sent back without a surprise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

from azext_aksegress import body, matrix
from azext_aksegress.cluster import Cluster
from azext_aksegress.report import make, show_json
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Snapshot

FOLDER = Path(__file__).parent.parent.parent / "shared" / "recordings"
CASSETTES = sorted(FOLDER.glob("*.yaml"))
pytestmark = pytest.mark.skipif(not CASSETTES, reason="the recordings of real AKS traffic are not beside this checkout")
UPDATE = "test_aks_update_outbound_from_slb_to_natgateway"


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
        assert make(snapshot, Request(target)).findings


@pytest.mark.parametrize("cassette", [path for path in CASSETTES if path.stem == UPDATE], ids=lambda path: path.stem)
def test_the_update_is_the_one_that_az_sent_but_for_its_options_and_what_its_old_models_dropped(cassette: Path) -> None:
    rows = list(exchanges(cassette))
    sent = [row[1] for row in rows if row[0] == "PUT"][-1]
    read = next(answer for method, _, answer in rows if method == "GET")
    ours = body.for_update(Cluster(Snapshot("", "2024-09-02-preview", read)), Request(matrix.MANAGED_NAT_GATEWAY))
    for document in (sent, ours):
        assert document["properties"]["networkProfile"].pop("natGatewayProfile")
    there = _paths(ours)
    assert [found for found in _paths(sent) if not any(f"{path}.".startswith(f"{found}.") for path in there)] == []
    assert {key: ours["properties"]["networkProfile"][key] for key in sent["properties"]["networkProfile"]} == sent[
        "properties"
    ]["networkProfile"]


def _paths(document: Any, path: str = "") -> set[str]:
    if isinstance(document, dict):
        return {found for key, value in document.items() for found in _paths(value, f"{path}.{key}")} or {path}
    if isinstance(document, list):
        return {found for value in document for found in _paths(value, f"{path}[]")} or {path}
    return {path}

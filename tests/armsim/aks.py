"""AKS's part: GET, PUT, PATCH and DELETE of a cluster, by api-version."""

from __future__ import annotations

import copy
import re
from typing import Any

from tests.armsim import aks_operation, aks_rules
from tests.armsim.aks_goal import NAT_PROFILE, NAT_SKU_SINCE, STANDARD, goal, outbound_type
from tests.armsim.aks_operation import PAUSE
from tests.armsim.aks_rules import Move
from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.messages import Json

API_VERSIONS = (
    "2023-10-01",
    "2024-09-01",
    "2024-09-02-preview",
    "2025-07-01",
    "2025-10-01",
    "2026-05-02-preview",
    "2026-06-01",
)
ETAG_SINCE = "2024-09-01"
_NO_ETAG = ("2024-09-02-preview",)
"""Recorded without an eTag, whatever its date."""


def is_cluster(path: str) -> bool:
    return bool(re.search(r"/managedclusters/[^/]+$", path, re.I))


def handle(arm: Arm, request: Request) -> Answer:
    version = known_version(arm, request)
    stored = arm.estate.resources.get(request.path.lower())
    if stored is None and request.method == "DELETE":
        return Answer(None, 204)
    if stored is None:
        raise arm.not_found(request.path)
    if request.method in ("GET", "HEAD"):
        running = aks_operation.look(arm, stored)
        return Answer(shown(stored, version), 200, dict(PAUSE) if running else {})
    return {"PUT": _put, "PATCH": _patch, "DELETE": _delete}[request.method](arm, request, stored)


def known_version(arm: Arm, request: Request) -> str:
    version = request.query["api-version"]
    if version not in arm.api_versions:
        message = (
            f"No registered resource provider found for location 'westeurope' and API version '{version}' for type "
            f"'managedClusters'. The supported api-versions are '{', '.join(arm.api_versions)}'."
        )
        raise Refusal(400, "NoRegisteredProviderFound", message)
    return version


def _has_etag(version: str) -> bool:
    return version[:10] >= ETAG_SINCE and version not in _NO_ETAG


def shown(stored: Json, version: str) -> Json:
    """A cluster as an api-version shows it."""
    document = copy.deepcopy(stored)
    properties = document.get("properties") or {}
    if not version.endswith("preview"):
        properties.pop("nodeDisruptionProfile", None)
    if not _has_etag(version):
        for row in (document, *(properties.get("agentPoolProfiles") or [])):
            row.pop("eTag", None)
    network = properties.get("networkProfile") or {}
    profile = network.get(NAT_PROFILE)
    if profile and version < NAT_SKU_SINCE:
        profile.pop("sku", None)
    elif profile and outbound_type(network) == "managedNATGateway":
        profile.setdefault("sku", STANDARD)
    return document


def _put(arm: Arm, request: Request, stored: Json) -> Answer:
    version = request.query["api-version"]
    aks_rules.refuse_malformed(request.body, stored)
    _refuse_stale(request, stored, version)
    aks_rules.refuse_busy(stored)
    wanted = goal(stored, request.body, version, arm.default_nat_gateway_sku)
    aks_rules.refuse_invalid(Move(arm, stored, request.body, wanted, version))
    headers = aks_operation.begin(arm, request.headers.get("Host", ""), stored, wanted)
    answer = shown(stored, version)
    if arm.march_2024:
        for pool in answer["properties"]["agentPoolProfiles"]:
            pool.setdefault("nodeLabels", {})
    return Answer(answer, 200, headers)


def _refuse_stale(request: Request, stored: Json, version: str) -> None:
    """An api-version without eTags knows no If-Match either."""
    wanted = request.headers.get("If-Match", "*")
    if _has_etag(version) and wanted not in ("*", stored.get("eTag")):
        raise Refusal(412, "PreconditionFailed", "The eTag does not match that of the cluster.", by_arm=False)
    if request.headers.get("If-None-Match") == "*":
        raise Refusal(412, "PreconditionFailed", "The cluster is there already.", by_arm=False)


def _patch(arm: Arm, request: Request, stored: Json) -> Answer:
    body: Any = request.body
    if not isinstance(body, dict) or set(body) - {"tags"}:
        raise Refusal(400, "InvalidRequestContent", "PATCH of a managed cluster changes its tags alone.")
    version = request.query["api-version"]
    _refuse_stale(request, stored, version)
    aks_rules.refuse_busy(stored)
    stored["tags"] = dict(body.get("tags") or {})
    stored["eTag"] = arm.new_id()
    return Answer(shown(stored, version))


def _delete(arm: Arm, request: Request, stored: Json) -> Answer:
    _refuse_stale(request, stored, request.query["api-version"])
    return Answer(None, 202, aks_operation.begin_delete(arm, request.headers.get("Host", ""), stored))

"""Sub-resources of a cluster: commands run in it, its pools, and the endpoints that it needs."""

from __future__ import annotations

import copy
from typing import Any

from tests.armsim import aks, aks_rules
from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.messages import Json

LOOKS = 1
"""How often the result of a command is asked for before it is there."""
HTTPS, HTTP, NTP, TUNNEL = (443, "Https"), (80, "Http"), (123, "UDP"), (9000, "TCP")
ENDPOINTS = {
    "azure-resource-management": (HTTPS, ["management.azure.com", "login.microsoftonline.com"]),
    "images": (HTTPS, ["mcr.microsoft.com", "*.data.mcr.microsoft.com", "mcr-0001.mcr-msedge.net"]),
    "artifacts": (HTTPS, ["packages.microsoft.com", "acs-mirror.azureedge.net", "packages.aks.azure.com"]),
    "time-sync": (NTP, ["ntp.ubuntu.com"]),
    "ubuntu-optional": (HTTP, ["security.ubuntu.com", "azure.archive.ubuntu.com", "changelogs.ubuntu.com"]),
    "gpu": (HTTPS, ["nvidia.github.io"]),
    "windows": (HTTPS, ["onegetcdn.azureedge.net"]),
    "tunnel-classic": (TUNNEL, ["*.azmk8s.io"]),
}
"""By category, with port and protocol: those of the example in the ARM reference, and the newer ones."""


def _cluster(arm: Arm, request: Request) -> Json:
    aks.known_version(arm, request)
    path = request.path.rstrip("/")
    depth = path.lower().split("/").index("managedclusters") + 2
    cluster_id = "/".join(path.split("/")[:depth])
    found = arm.estate.resources.get(cluster_id.lower())
    if found is None:
        raise arm.not_found(cluster_id)
    return found


def run(arm: Arm, request: Request) -> Answer:
    """202 with a body, as az wants it; the result is behind Location."""
    cluster = _cluster(arm, request)
    body: Any = request.body
    if not isinstance(body, dict) or not isinstance(body.get("command"), str):
        raise aks_rules.invalid("Required parameter command is missing (null).")
    aks_rules.refuse_stopped(cluster)
    if (cluster["properties"].get("apiServerAccessProfile") or {}).get("disableRunCommand"):
        raise aks_rules.refuse("RunCommandDisabled", "Run command is disabled for this cluster.")
    exit_code, logs = arm.run_command(cluster, body["command"])
    name = arm.new_id().replace("-", "")
    arm.commands[name] = {"exitCode": exit_code, "logs": logs, "looks": 0}
    host, version = request.headers.get("Host", ""), request.query["api-version"]
    url = f"https://{host}{cluster['id']}/commandResults/{name}?api-version={version}"
    return Answer(_result(name, "accepted"), 202, {"Location": url, "x-ms-retry-after-ms": "50"})


def result(arm: Arm, request: Request) -> Answer:
    _cluster(arm, request)
    name = request.path.rstrip("/").rpartition("/")[2]
    found = arm.commands.get(name)
    if found is None:
        raise Refusal(404, "NotFound", f"The command {name} was not found.", by_arm=False)
    found["looks"] += 1
    if found["looks"] <= LOOKS:
        return Answer(_result(name, "running"), 202, {"x-ms-retry-after-ms": "50"})
    times = {"startedAt": "2026-11-23T06:00:00Z", "finishedAt": "2026-11-23T06:00:05Z"}
    return Answer(_result(name, "succeeded", exitCode=found["exitCode"], logs=found["logs"], **times))


def _result(name: str, state: str, **properties: Any) -> Json:
    return {"id": name, "properties": {"provisioningState": state, **properties}}


def effective_address(arm: Arm, cluster: Json) -> str:
    """The first address that the cluster leaves from, where its own profile says so."""
    network = cluster["properties"]["networkProfile"]
    for key in ("loadBalancerProfile", "natGatewayProfile"):
        for row in (network.get(key) or {}).get("effectiveOutboundIPs") or []:
            return str(arm.estate[row["id"]]["properties"].get("ipAddress", ""))
    return ""


def pools(arm: Arm, request: Request) -> Answer:
    """The pools as children of the cluster, to read."""
    cluster = _cluster(arm, request)
    shown = aks.shown(cluster, request.query["api-version"])["properties"].get("agentPoolProfiles") or []
    rows = [_pool(cluster, copy.deepcopy(row)) for row in shown]
    wanted = request.path.rstrip("/").rpartition("/")[2].lower()
    if wanted == "agentpools":
        return Answer({"value": rows})
    found = next((row for row in rows if row["name"].lower() == wanted), None)
    if found is None:
        raise arm.not_found(request.path)
    return Answer(found)


def _pool(cluster: Json, row: Json) -> Json:
    name = row.pop("name")
    kind = "Microsoft.ContainerService/managedClusters/agentPools"
    return {"id": f"{cluster['id']}/agentPools/{name}", "name": name, "type": kind, "properties": row}


def endpoints(arm: Arm, request: Request) -> Answer:
    """What the nodes must reach, by category."""
    cluster = _cluster(arm, request)
    properties = cluster["properties"]
    fqdn = properties.get("fqdn") if isinstance(properties, dict) else None
    names = {**ENDPOINTS, "apiserver": (HTTPS, [fqdn])}
    rows = []
    for category, ((port, protocol), domains) in names.items():
        details = [{"port": port, "protocol": protocol}]
        reached = [{"domainName": domain, "endpointDetails": details} for domain in domains]
        rows.append({"category": category, "endpoints": reached})
    return Answer({"value": rows})

"""A caller of a local Azure in this process, for tests of it."""

from __future__ import annotations

import copy
from typing import Any

from tests.armsim.arm import Answer, Arm, Request
from tests.armsim.estate import Estate, cluster_id
from tests.armsim.messages import Json

VERSION = "2026-06-01"
CLUSTER = cluster_id("aks-shop")


class Caller:
    """Requests to an Arm, and what they changed."""

    def __init__(self, estate: Estate | None = None) -> None:
        self.arm = Arm(estate)
        self.estate = self.arm.estate

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        version: str = VERSION,
        query: dict[str, str] | None = None,
        **options: str,
    ) -> Answer:
        """`if_match` is a header; every other option is one of the query, as OData has them after a dollar sign."""
        headers = {"Host": "localhost"}
        for name in ("if_match", "if_none_match"):
            if name in options:
                headers[name.title().replace("_", "-")] = options.pop(name)
        asked = {"api-version": version, **{f"${key}": value for key, value in options.items()}, **(query or {})}
        return self.arm.handle(Request(method, path, asked, headers, copy.deepcopy(body)))

    def get(self, path: str, **options: str) -> Json:
        answer = self.send("GET", path, **options)
        assert answer.status == 200, answer.body
        found: Json = answer.body
        return found

    def put(self, path: str, body: Any, **options: str) -> Answer:
        return self.send("PUT", path, body, **options)

    def code(self, answer: Answer) -> str:
        """The code of a refusal, in whichever envelope it is."""
        assert answer.status >= 400, answer
        found: str = (answer.body.get("error") or answer.body)["code"]
        return found

    def names(self, path: str, **options: str) -> list[str]:
        return [row["name"] for row in self.get(path, **options)["value"]]

    # The cluster aks-shop

    @property
    def network(self) -> Json:
        found: Json = self.estate[CLUSTER]["properties"]["networkProfile"]
        return found

    def body(self, outbound_type: str | None = None, profile: Json | None = None, **properties: Any) -> Json:
        """A PUT of the cluster: as it is but for its type and the profile of that, and for other properties."""
        stored = self.estate[CLUSTER]
        network = {
            key: value for key, value in self.network.items() if key not in ("loadBalancerProfile", "natGatewayProfile")
        }
        network["outboundType"] = outbound_type or network["outboundType"]
        if profile is not None:
            key = "natGatewayProfile" if network["outboundType"] == "managedNATGateway" else "loadBalancerProfile"
            network[key] = profile
        return {
            "location": stored["location"],
            "properties": {**stored["properties"], "networkProfile": network, **properties},
        }

    def begin(
        self, outbound_type: str | None = None, profile: Json | None = None, version: str = VERSION, **properties: Any
    ) -> Answer:
        return self.put(CLUSTER, self.body(outbound_type, profile, **properties), version=version)

    def move(
        self, outbound_type: str | None = None, profile: Json | None = None, version: str = VERSION, **properties: Any
    ) -> Json:
        """A PUT that is accepted, and its operation to the end; the last answer of that."""
        answer = self.begin(outbound_type, profile, version, **properties)
        assert answer.status == 200, answer.body
        return self.follow(answer)[-1]

    def follow(self, answer: Answer) -> list[Json]:
        """Every answer of an operation, until it ends."""
        path = answer.headers["azure-asyncoperation"].partition("localhost")[2].partition("?")[0]
        seen = [self.get(path, version="2017-08-31")]
        while seen[-1]["status"] == "InProgress" and len(seen) < 10:
            seen.append(self.get(path, version="2017-08-31"))
        return seen

    def refused(
        self, outbound_type: str | None = None, profile: Json | None = None, version: str = VERSION, **properties: Any
    ) -> str:
        """The code with which a PUT is refused, in AKS's bare envelope."""
        answer = self.begin(outbound_type, profile, version, **properties)
        assert answer.status >= 400, "it was accepted"
        assert set(answer.body) >= {"code", "details", "message", "subcode"}, answer.body
        return str(answer.body["code"])

    def effective(self, profile: str) -> list[str]:
        return [row["id"] for row in (self.network.get(profile) or {}).get("effectiveOutboundIPs", [])]

    def in_node_group(self, kind: str) -> list[Json]:
        """The resources of a type that AKS keeps for the cluster."""
        rows = self.estate.resources.values()
        return [row for row in rows if row["type"].endswith(f"/{kind}") and "/MC_" in row["id"]]


def managed(outbound_type: str = "loadBalancer", **properties: Any) -> Caller:
    """One cluster in the VNet that AKS made."""
    caller = Caller()
    caller.estate.cluster("aks-shop", outbound_type, **properties)
    return caller


def byo(outbound_type: str = "loadBalancer", **properties: Any) -> tuple[Caller, str]:
    """One cluster in a subnet of its own, and that."""
    caller = Caller()
    subnet = caller.estate.vnet("vnet-shop", ["snet"])["snet"]
    caller.estate.cluster("aks-shop", outbound_type, pools={"system": subnet}, **properties)
    return caller, subnet

"""A caller of the nodes of aks-shop, for tests of the local Azure."""

from __future__ import annotations

from typing import Any

from tests.armsim.arm import Answer
from tests.armsim.caller import CLUSTER, Caller
from tests.armsim.estate import node_group, pool, scope
from tests.armsim.messages import Json

LINUX, WINDOWS = "RunShellScript", "RunPowerShellScript"
COMPUTE = f"{scope(node_group('aks-shop'))}/providers/Microsoft.Compute"
MACHINES = f"{COMPUTE}/virtualMachines"


class Nodes(Caller):
    """One cluster in a subnet of its own, with one pool of two nodes; `more` is of the pool."""

    def __init__(self, outbound_type: str = "loadBalancer", cluster: Json | None = None, **more: Any) -> None:
        super().__init__()
        self.subnet = self.estate.vnet("vnet-shop", ["snet"])["snet"]
        rows = [pool("apps", self.subnet, **{"count": 2, **more})]
        pools = {"apps": self.subnet}
        self.estate.cluster("aks-shop", outbound_type, pools=pools, agentPoolProfiles=rows, **(cluster or {}))
        self.hooks = self.arm.node

    @property
    def scale_set(self) -> str:
        return str(self.in_node_group("virtualMachineScaleSets")[0]["id"])

    @property
    def machine(self) -> str:
        """The first node."""
        if self.in_node_group("virtualMachines"):
            return str(self.in_node_group("virtualMachines")[0]["id"])
        return f"{self.scale_set}/virtualMachines/0"

    @property
    def cluster(self) -> Json:
        found: Json = self.estate[CLUSTER]["properties"]
        return found

    def ask(self, *script: str, machine: str = "", command: str = LINUX, **more: Any) -> Answer:
        """The answer to the POST that runs a script."""
        body = {"commandId": command, "script": list(script), **more}
        return self.send("POST", f"{machine or self.machine}/runCommand", body)

    def look(self, answer: Answer, header: str = "Location") -> Answer:
        """One look at the operation of an answer, by one of its headers."""
        url = answer.headers[header].partition("https://localhost")[2]
        path, _, query = url.partition("?")
        given = dict(row.split("=") for row in query.split("&"))
        return self.send("GET", path, version=given.pop("api-version"), query=given)

    def rows(self, answer: Answer) -> list[Json]:
        """What comes back in the end."""
        assert answer.status == 202, answer.body
        seen = [self.look(answer) for _ in range(5)][-1]
        assert seen.status == 200, seen.body
        found: list[Json] = seen.body["value"]
        return found

    def printed(self, *script: str, **more: Any) -> tuple[str, str]:
        """What a script prints on a node, on both streams."""
        rows = [row["message"] for row in self.rows(self.ask(*script, **more))]
        if len(rows) == 2:
            return rows[0], rows[1]
        out, _, err = rows[0].partition("[stdout]\n")[2].rpartition("\n[stderr]\n")
        return out, err

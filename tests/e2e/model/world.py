"""The world in which the model test plays: one cluster at the local Azure, its records, and all others who write it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

from tests.armsim import aks
from tests.armsim.arm import Arm, Request
from tests.armsim.cli import Az, Result
from tests.armsim.estate import isolated, route
from tests.armsim.faults import Before, Faults
from tests.builders import Shop
from tests.e2e.faults.kinds import LASTING
from tests.e2e.faults.stage import OURS, Records, configuration

LB, MNAT, UANAT, UDR, NONE = (
    "loadBalancer",
    "managedNATGateway",
    "userAssignedNATGateway",
    "userDefinedRouting",
    "none",
)
RANGED = {"apiServerAccessProfile": {"authorizedIPRanges": ["40.0.0.0/8"]}}
_API_VERSION = "2026-06-01"
_OF_EGRESS = ("outboundType", "loadBalancerProfile", "natGatewayProfile")
_SETTLED = ("Succeeded", "Failed", "Canceled")


@dataclass(frozen=True)
class Scenery:
    """A cluster to begin with, and the types between which it can go."""

    name: str
    make: Callable[[], Shop]
    types: tuple[str, ...]

    def __repr__(self) -> str:
        return self.name


SCENERIES = (
    Scenery("public", lambda: Shop.byo(**RANGED).gated().routed(), (LB, UANAT, UDR)),
    Scenery("isolated", lambda: Shop.byo(**isolated()).gated().routed(), (LB, UANAT, UDR, NONE)),
    Scenery("managed", lambda: Shop.managed(**RANGED), (LB, MNAT)),
)


@dataclass(frozen=True)
class Seen:
    """What is there at a moment, looked at from outside; `reverts_to` is the type that a running operation of Azure
    goes back to, since it is going to fail."""

    outbound_type: str
    state: str
    tags: Any
    ranges: tuple[str, ...]
    beside: Any
    records: Records
    leftovers: frozenset[str]
    reverts_to: str | None

    @property
    def is_still(self) -> bool:
        """Whether no operation runs."""
        return self.state in _SETTLED


@dataclass(frozen=True)
class Act:
    """Something that somebody else did: of the kind tags, type, ranges, reconcile, route or record."""

    kind: str
    value: str = ""


@dataclass(frozen=True)
class Turn:
    """One command, what was there before and after it, and what it sent.

    `arrivals` are the new records as they were when each of `puts` came in, and `acts` what others did meanwhile;
    `result` is None where the command was killed.
    """

    words: tuple[str, ...]
    before: Seen
    after: Seen
    result: Result | None
    puts: tuple[Request, ...]
    arrivals: tuple[Records, ...]
    acts: tuple[Act, ...]

    @property
    def new_records(self) -> Records:
        return {name: text for name, text in self.after.records.items() if name not in self.before.records}

    @property
    def applied(self) -> list[Request]:
        """The updates that Azure carried out, whatever was heard of them."""
        return [request for request in self.puts if request.applied]


class World:
    """One cluster, its records, and what befalls them."""

    def __init__(self, az: Az, scenery: Scenery) -> None:
        self.az = az
        self.scenery = scenery
        self.shop = scenery.make()
        self.shop.document["tags"] = dict(OURS)
        self.shop.estate.feature("Microsoft.ContainerService", "NetworkIsolatedClusterPreview")
        self.acts: list[Act] = []
        self.trouble_met = False
        self._arrivals: list[Records] = []
        for path in self.folder.glob("*") if self.folder.exists() else ():
            path.unlink()

    @property
    def arm(self) -> Arm:
        return self.shop.arm

    @property
    def folder(self) -> Path:
        return self.az.folder / "azure" / "aksegress"

    @property
    def plan_file(self) -> Path:
        return self.az.folder / "plan.json"

    @property
    def is_routed(self) -> bool:
        """Whether every subnet has a default route."""
        tables = [self.shop.estate[self.shop.table_id(name)] for name in self.shop.subnets]
        return all(table["properties"]["routes"] for table in tables)

    @property
    def fingerprint(self) -> str:
        """All that Azure keeps, in a word: equal as long as nothing was written."""
        return json.dumps(self.shop.estate.resources, sort_keys=True)

    def look(self) -> Seen:
        properties = self.shop.document["properties"]
        running = [row for row in self.arm.operations.values() if not row.ended and row.outcome.stored == "origin"]
        origins = [row.origin["properties"]["networkProfile"]["outboundType"] for row in running]
        files = list(self.folder.glob("*")) if self.folder.exists() else []
        return Seen(
            outbound_type=properties["networkProfile"]["outboundType"],
            state=properties["provisioningState"],
            tags=dict(self.shop.document["tags"]),
            ranges=tuple((properties.get("apiServerAccessProfile") or {}).get("authorizedIPRanges") or ()),
            beside=_beside(self.shop.document),
            records={path.name: path.read_bytes() for path in files if path.name[0] != "."},
            leftovers=frozenset(path.name for path in files if path.name[0] == "."),
            reverts_to=origins[0] if origins else None,
        )

    def turn(self, words: tuple[str, ...], trouble: Any) -> Turn:
        """Run a command while a trouble befalls it; nothing goes wrong any more afterwards."""
        before, acts = self.look(), len(self.acts)
        self._arrivals, self.trouble_met = [], False
        self.arm.journal.clear()
        self.arm.faults = Faults()
        self.arm.fault("PUT", "/managedClusters/", Before(lambda: self._note(before)), times=LASTING)
        self.az.azure.arm = self.arm
        result = trouble.play(self, ("aks", "egress", *words))
        self.arm.faults = Faults()
        self.arm.take_outcome()
        self.arm.take_put_again()
        puts = tuple(request for request in self.arm.writes if request.method == "PUT")
        return Turn(words, before, self.look(), result, puts, tuple(self._arrivals), tuple(self.acts[acts:]))

    def _note(self, before: Seen) -> None:
        self._arrivals.append({k: v for k, v in self.look().records.items() if k not in before.records})

    def meet(self) -> None:
        """The trouble has befallen a request."""
        self.trouble_met = True

    def pass_time(self) -> None:
        """Azure ends what it began, which it does in a few looks."""
        with self._undisturbed():
            for _ in range(9):
                self.arm.handle(self._request("GET"))

    def do(self, act: Act) -> None:
        """Somebody else does something, where Azure lets them."""
        with self._undisturbed():
            if getattr(self, f"_do_{act.kind}")(act.value):
                self.acts.append(act)

    def _do_tags(self, owner: str) -> bool:
        tags = {**OURS, "owner": owner}
        return self.arm.handle(self._request("PATCH", {"tags": tags})).status == 200

    def _do_type(self, outbound_type: str) -> bool:
        return self._put(lambda properties: properties["networkProfile"].update(outboundType=outbound_type))

    def _do_ranges(self, added: str) -> bool:
        access = self.shop.document["properties"].get("apiServerAccessProfile") or {}
        ranges = access.get("authorizedIPRanges")
        if not ranges or added in ranges:
            return False
        return self._put(lambda properties: properties["apiServerAccessProfile"]["authorizedIPRanges"].append(added))

    def _do_reconcile(self, _: str) -> bool:
        return self._put(lambda properties: None)

    def _do_route(self, _: str) -> bool:
        """The default route of one subnet goes, or comes back."""
        if "snet-apps" not in self.shop.subnets:
            return False
        table = self.shop.table_id("snet-apps")
        properties = self.shop.estate[table]["properties"]
        properties["routes"] = [] if properties["routes"] else [route(table, "10.1.0.4")]
        self.shop.estate[table]["etag"] = self.arm.new_id()
        return True

    def _do_record(self, _: str) -> bool:
        """The newest record is deleted."""
        for name in sorted(self.look().records)[-1:]:
            self.folder.joinpath(name).unlink()
            return True
        return False

    def _put(self, change: Callable[[Any], object]) -> bool:
        """The cluster is written as it is, but for a change."""
        body = aks.shown(self.shop.document, _API_VERSION)
        for profile in _OF_EGRESS[1:]:
            body["properties"]["networkProfile"].pop(profile, None)
        change(body["properties"])
        return self.arm.handle(self._request("PUT", body)).status == 200

    def _request(self, method: str, body: Any = None) -> Request:
        return Request(method, self.shop.document["id"], {"api-version": _API_VERSION}, {}, body)

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """What goes wrong for the command goes well for others."""
        faults, self.arm.faults = self.arm.faults, Faults()
        yield
        self.arm.faults = faults


def _beside(document: Any) -> Any:
    """What no move changes of a cluster."""
    found = configuration(document)
    for key in _OF_EGRESS:
        found["properties"]["networkProfile"].pop(key, None)
    found["properties"].get("apiServerAccessProfile", {}).pop("authorizedIPRanges", None)
    return found

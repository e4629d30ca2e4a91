"""What of a Snapshot was judged, as plain JSON: its fingerprint, and what differs between two readings of it. Pure.

All of the cluster and of what was read around it counts, but for what moves by itself: see `projection`. What is left
out here decides nothing unseen: a saved plan is judged anew before it is applied.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable, Collection, Iterable, Iterator, List, Sequence, Tuple

from azext_aksegress import arm, body, questions
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.snapshot import Snapshot, Unread, without_secrets

SHOWN = 8
"""Differences that a sentence names; of the others it says how many there are."""
Row = Tuple[str, Any, Any]
"""A path, what is there in the one document, and what in the other."""

_READ_ONLY_AND_JUDGED = (
    "id",
    "eTag",
    "identity.principalId",
    "properties.provisioningState",
    "properties.powerState",
    "properties.agentPoolProfiles.provisioningState",
    "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "properties.networkProfile.natGatewayProfile.effectiveOutboundIPs",
)
"""What of the cluster's read-only fields counts. A pool's eTag does not: it changes with the count of its nodes."""
_LEFT_OUT_OF_THE_CLUSTER = tuple(path for path in body.READ_ONLY if path not in _READ_ONLY_AND_JUDGED)

_WRITES: tuple[str, ...] = ("etag", "systemdata")
"""Change with any write of a resource, whatever was written; what was is compared itself."""
_OF_NODES = ("loadbalancerbackendaddresses", "provisioningstate")
"""Of what nodes are attached to: their addresses in a load balancer's pool, and a state that is Updating while one
comes or goes, and that no check reads."""
_OF_NEIGHBOURS = ("ipconfigurations",)
"""Who is on a subnet that the cluster does not use, but that is in the same network."""
_OF_USE = ("currentvalue",)
"""How much of a quota is used; its limit counts."""
_SUBNET = "microsoft.network/virtualnetworks/subnets"
_TOUCHED_BY_NODES = (
    _SUBNET,
    "microsoft.network/virtualnetworks",
    "microsoft.network/networksecuritygroups",
    "microsoft.network/routetables",
    "microsoft.network/loadbalancers",
)
_NODES = ("microsoft.compute/virtualmachine", "microsoft.network/networkinterfaces")
"""How the types of nodes begin, in scale sets and by themselves, and of their network interfaces."""
_INSTANCE = re.compile("(.*/virtualmachinescalesets/[^/]+)/virtualmachines/")
_VERSIONS = ("properties.kubernetesVersion", "properties.agentPoolProfiles.orchestratorVersion")
_OF_PREVIEWS = "nodeDisruptionProfile"
_PERMISSIONS = "Microsoft.Authorization/permissions"
_PARTS = ("resources", "collections")

Members = Callable[[List[Any]], Iterable[Any]]
"""Which members of a list count."""
NOT_INVOLVED = "not involved"
"""How a reading is called in which an id does not occur."""


@dataclass(frozen=True)
class Difference:
    """What differs between two readings of a cluster: at a path of a resource's JSON, or whether it is read at all.

    `resource` is its ARM id, or None for the cluster itself; `path` is spelled as in a plan's diff, and a member of a
    list stands in brackets by its name (`properties.routes[default]`); it is empty where all of the resource differs.
    """

    resource: str | None
    path: str
    was: Any
    now: Any

    @property
    def follows(self) -> bool:
        """Whether it says only that something is read because something else refers to it now, or not any more."""
        return not self.path and NOT_INVOLVED in (self.was, self.now)

    def __str__(self) -> str:
        where = arm.called(self.resource) if self.resource else "the cluster"
        path = re.sub(r"(^|\.)properties\.", r"\1", self.path)
        what = f"{where}: {path}" if path else where
        if path.endswith("]") and self.now is None:
            return f"{what}: removed"
        if path.endswith("]") and self.was is None:
            told = _told(self.now)
            return f"{what}: added {_short(told)}" if told else f"{what}: added"
        return f"{what}: {_short(self.was)} -> {_short(self.now)}"


def _told(member: Any) -> Json:
    """What is to be said of a member of a list beside its name."""
    if not isinstance(member, dict):
        return {}
    told = {key: value for key, value in member.items() if key not in ("id", "name", "type", "properties")}
    return {**told, **_object(member, "properties")}


def _object(document: Any, key: str) -> Json:
    """The object at a key, empty where there is none."""
    found = arm.dig(document, key)
    return found if isinstance(found, dict) else {}


def _short(value: Any) -> str:
    """A value that fits a sentence."""
    words = arm.spelled(value)
    return words if len(words) <= 80 else f"{words[:77]}..."


def listed(rows: Sequence[Difference]) -> str:
    """What differs, as far as a sentence holds it, without what only follows from the rest."""
    told = [str(row) for row in rows if not row.follows] or [str(row) for row in rows]
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f"{'; '.join(told[:SHOWN])}{more}"


def projection(snapshot: Snapshot) -> Json:
    """All that was judged, without secrets: the cluster, the resources and collections around it, and what is unread.

    Left out is what changes without anybody's decision about the cluster: marks of writes, nodes that come and go with
    the load, the use of quotas, who is on other subnets of the network; and what depends on who asks, since a plan may
    be applied by somebody else than its maker: the caller's own permissions, and the allow-lists that Resource Graph
    shows to the caller.
    """
    document = snapshot.to_json()
    around = _Around(snapshot)
    unread = ((key, row) for key, row in snapshot.unread.items() if not around.moves(key))
    return {
        "apiVersion": snapshot.api_version,
        "cluster": of_cluster(document["cluster"]),
        **{
            part: {key: around.settled(key, value) for key, value in document[part].items() if not around.moves(key)}
            for part in _PARTS
        },
        "unread": {key: {"reason": row.reason, "permission": row.permission} for key, row in unread},
    }


def of_cluster(document: Json) -> Json:
    """What counts of a cluster's own document."""
    kept = body.without(document, _LEFT_OUT_OF_THE_CLUSTER)
    pools = arm.dig(kept, "properties", "agentPoolProfiles")
    if isinstance(pools, list):
        kept["properties"]["agentPoolProfiles"] = [_pool(found) for found in pools]
    settled: Json = _kept(kept, (), list)
    return settled


def beside_egress(document: Json) -> Json:
    """What counts of a cluster's settings and is changed by no move, without secrets, and without the versions of
    Kubernetes where a channel upgrades them."""
    channel = arm.text(document, "properties", "autoUpgradeProfile", "upgradeChannel")
    versions = () if arm.same(channel, "none") or channel is None else _VERSIONS
    settings = body.without(without_secrets(document), (*body.READ_ONLY, *body.EGRESS, *versions))
    return of_cluster(settings)


def _pool(pool: Any) -> Any:
    """A pool without its node image, which is upgraded by a channel, and without the number of its nodes where that
    follows the load."""
    scales = arm.flag(pool, "enableAutoScaling") or arm.objects(pool, "virtualMachinesProfile", "scale", "autoscale")
    moving = ("nodeImageVersion", *(("count", "virtualMachineNodesStatus") if scales else ()))
    return {key: value for key, value in pool.items() if key not in moving} if isinstance(pool, dict) else pool


class _Around:
    """What of the resources and collections around a cluster moves by itself."""

    def __init__(self, snapshot: Snapshot) -> None:
        cluster = Cluster(snapshot)
        self._cluster_id = cluster.id
        self._knows = snapshot.knows
        self._subnets: Collection[str] = ()
        self._home = ""
        with suppress(Unread):
            self._home = f"{cluster.node_group_id}/".lower()
            self._subnets = cluster.byo_subnets

    def moves(self, resource_id: str) -> bool:
        """Whether nothing of an id counts."""
        by_caller = arm.same(arm.resource_type(resource_id), _PERMISSIONS) or arm.same(resource_id, questions.GRAPH)
        return by_caller or self._is_of_nodes(resource_id)

    def _is_of_nodes(self, resource_id: str) -> bool:
        """Whether an id names a node of the cluster, its network interface, or the list of those."""
        return self._is_at_home(resource_id) and arm.resource_type(resource_id).lower().startswith(_NODES)

    def _is_at_home(self, resource_id: str) -> bool:
        return bool(self._home) and resource_id.lower().startswith(self._home)

    def settled(self, resource_id: str, value: Any) -> Any:
        """What counts of a resource or a collection."""
        if arm.same(resource_id, self._cluster_id):  # read once more, for what previews alone tell of it
            value = {_OF_PREVIEWS: arm.dig(value, "properties", _OF_PREVIEWS)}
        kind = arm.resource_type(resource_id).lower()
        moving = _WRITES
        if kind in _TOUCHED_BY_NODES:
            moving += _OF_NODES
        if kind == _SUBNET and not (resource_id in self._subnets or self._is_at_home(resource_id)):
            moving += _OF_NEIGHBOURS
        if kind.endswith("/usages"):
            moving += _OF_USE
        return _kept(value, moving, self._members)

    def _members(self, rows: list[Any]) -> Iterator[Any]:
        """The members of a list: none of the cluster's nodes; other scale sets' instances once for each scale set; and
        what was read by itself, or tried, only by its id."""
        seen = set()
        for row in rows:
            found = (arm.text(row, "id") or "").lower()
            if self._is_of_nodes(found):
                continue
            scale_set = _INSTANCE.match(found)
            if found and "properties" in row:
                yield {"id": found} if self._knows(found) else row
            elif scale_set is None:
                yield row
            elif scale_set.group(1) not in seen:
                seen.add(scale_set.group(1))
                yield {"id": scale_set.group(1)}


def _kept(value: Any, moving: Collection[str], members: Members) -> Any:
    """A document of Azure with what counts of it: neither null nor what is empty, which are the same as absent, and ids
    in lower case, since Azure is not constant in theirs."""
    if isinstance(value, dict):
        rows = ((key, _kept(item, moving, members)) for key, item in value.items() if key.lower() not in moving)
        return {_in_lower_case(key): kept for key, kept in rows if key == "properties" or kept not in (None, [], {})}
    if isinstance(value, list):
        return _in_order([_kept(item, moving, members) for item in members(value)])
    return _in_lower_case(value) if isinstance(value, str) else value


def _in_lower_case(word: str) -> str:
    """An id in lower case, and any other word as it is."""
    return word.lower() if word.lower().startswith("/subscriptions/") else word


def _in_order(rows: list[Any]) -> list[Any]:
    """Rows that have names, by name: Azure gives them in any order."""
    names = _names(rows)
    return [row for _, row in sorted(zip(names, rows), key=lambda pair: pair[0])] if names else rows


def _names(rows: Sequence[Any]) -> list[str]:
    """What tells the members of a list apart, one for each; nothing where they have no ids or names of their own."""
    names = [(arm.text(row, "id") or arm.text(row, "name") or "").lower() for row in rows]
    return names if all(names) and len(set(names)) == len(names) else []


def fingerprint(document: Json) -> str:
    """A hash of a JSON document, such as a projection: equal as long as nothing in it has changed."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def differences(before: Json, now: Json, ignored: Collection[str] = ()) -> tuple[Difference, ...]:
    """What differs between two projections: of the cluster first, then of the rest by id, then what is read in only one
    of them.

    `ignored` are paths of the cluster that may differ, with all that is below them; `*` in them stands for any text, as
    in `properties.agentPoolProfiles[*].count`.
    """
    rows = [Difference(None, *row) for row in changes("apiVersion", before.get("apiVersion"), now.get("apiVersion"))]
    written = changes("", before.get("cluster"), now.get("cluster"), into_lists=True)
    rows += [Difference(None, *row) for row in written if not _is_below(row[0], ignored)]
    then, today = _read(before), _read(now)
    come_and_gone = []
    for key in sorted({*then, *today}):
        kind, value = then.get(key, (NOT_INVOLVED, None))
        other_kind, other = today.get(key, (NOT_INVOLVED, None))
        if kind != other_kind:
            come_and_gone.append(Difference(key, "", kind, other_kind))
        else:
            rows += [Difference(key, *row) for row in changes("", value, other, into_lists=True)]
    return (*rows, *come_and_gone)


def _is_below(path: str, tops: Collection[str]) -> bool:
    return any(arm.matches(f"{top}{below}", path) for top in tops for below in ("", ".*", "[*"))


def _read(projected: Json) -> dict[str, tuple[str, Any]]:
    """What was read or tried by id: how that went in words, and what came of it."""
    found: dict[str, tuple[str, Any]] = {}
    for part in _PARTS:
        found.update({key: ("read", value) for key, value in _object(projected, part).items()})
    for key, row in _object(projected, "unread").items():
        found[key] = (f"could not be read, {arm.text(row, 'reason') or 'for no reason'}", None)
    return found


def changes(path: str, was: Any, now: Any, into_lists: bool = False) -> Iterator[Row]:
    """What differs, setting by setting where an object is there before and after; where lists are gone into, their
    members are told apart by id or name, and words and numbers by themselves."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from changes(f"{path}.{key}" if path else key, was.get(key), now.get(key), into_lists)
    elif into_lists and _is_list(was, now) and _is_list(now, was):
        yield from _changes_of_lists(path, was or [], now or [])
    elif was != now:
        yield path, was, now


def _is_list(value: Any, other: Any) -> bool:
    """Whether a value is a list, or absent where the other one is one."""
    return isinstance(value, list) or (value is None and isinstance(other, list))


def _changes_of_lists(path: str, was: list[Any], now: list[Any]) -> Iterator[Row]:
    one, other = _by_name(was), _by_name(now)
    if set(one) == set(other) and list(one) != list(other):
        yield path, was, now
        return
    for key in sorted({*one, *other}):
        named = arm.name(key) if key.startswith("/") else key
        yield from changes(f"{path}[{named}]", one.get(key), other.get(key), into_lists=True)


def _by_name(rows: list[Any]) -> dict[str, Any]:
    """The members of a list by what tells them apart: id or name, the word that they are, or else their place."""
    words = [str(row) for row in rows if isinstance(row, (str, int))]
    names = words if len(set(words)) == len(rows) else _names(rows)
    return dict(zip(names or map(str, range(len(rows))), rows))

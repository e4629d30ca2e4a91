"""The plan in a file: what was judged, what will be done, and whether both still hold when it is to be applied.

Pure, but for the write of one file and its read. The digest tells a file that was edited or cut from one that was not;
it is no proof of who wrote it. That is the file's owner, who must be the user or root, since a plan also says what was
accepted; and whatever it says, the cluster is read and judged anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Mapping, Sequence

from azext_aksegress import arm, files, judged
from azext_aksegress import request as requests
from azext_aksegress.arm import Json
from azext_aksegress.fixes import az
from azext_aksegress.judged import Difference
from azext_aksegress.migration import Migration, prepare
from azext_aksegress.report import cluster_json
from azext_aksegress.request import Request
from azext_aksegress.snapshot import SCHEMA_VERSION, Snapshot

KIND = "plan"
SAVE = "Save one with `az aks egress migrate --ids CLUSTER --to TYPE --dry-run --out FILE`."


class PlanError(Exception):
    """A saved plan that cannot be used, or that does not hold any more; nothing was sent."""

    def __init__(self, message: str, cure: str = SAVE) -> None:
        """`cure` is what a person does now, in one sentence."""
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it was read from a file, and the request in it."""

    path: str
    document: Json
    request: Request

    @property
    def cluster_id(self) -> str:
        """The ARM id of the cluster that it is for."""
        return arm.text(self.document, "cluster", "id") or ""

    @property
    def names(self) -> tuple[str, str]:
        """The names of its resource group and of the cluster itself."""
        return arm.part(self.cluster_id, "resourceGroups"), arm.name(self.cluster_id)

    @property
    def accepted(self) -> tuple[str, ...]:
        """The ids of the findings that it goes past knowingly."""
        return arm.strings(self.document, "plan", "accepted")

    @property
    def _again(self) -> str:
        """The command that makes it anew."""
        accepting = {"accept": self.accepted} if self.accepted else {}
        command = az(
            "aks egress migrate", ids=self.cluster_id, **self.request.spelled, **accepting, dry_run=True, out=self.path
        )
        return f"Plan again, and look at what changes: `{command}`."

    def prepare(self, snapshot: Snapshot, request: Request) -> Migration:
        """Judge its request anew, and plan it where nothing stands in its way.

        Raises PlanError where what was judged has changed, or what would be done about it.
        """
        self._compare(snapshot)
        move = prepare(snapshot, request, self.accepted)
        if not move.refusals:
            self._confirm(move)
        return move

    def _compare(self, snapshot: Snapshot) -> None:
        found = judged.differences(self.document["judged"], judged.projection(snapshot))
        if found:
            raise PlanError(f"The plan in {self.path} is stale, so nothing was sent. {_listed(found)}", self._again)

    def _confirm(self, move: Migration) -> None:
        then, now = map(_what_is_sent, (self.document["plan"], move.plan.to_json() if move.plan else None))
        if then != now:
            cluster_id = move.report.cluster.id
            rows = [Difference(cluster_id, *row) for row in judged.changes("plan", then, now, into_lists=True)]
            made_by = arm.text(self.document, "versions", "aksegress") or "an unknown version"
            raise PlanError(
                f"What was judged is as it was, and this version of the extension plans otherwise than {made_by}, "
                f"which made {self.path}. Nothing was sent. {_listed(rows)}",
                self._again,
            )


def _what_is_sent(plan: Any) -> Any:
    """A plan without the commands that are left to a person, which also tell what Resource Graph shows to who asks."""
    return {key: value for key, value in plan.items() if key != "afterwards"} if isinstance(plan, dict) else plan


def _listed(rows: Sequence[Difference]) -> str:
    """What differs, without the eTag, which changes with any write of the cluster, where anything else does."""
    etag = next((row for row in rows if row.resource is None and row.path == "eTag"), None)
    others = [row for row in rows if row is not etag]
    if etag and not others:
        return f"The cluster was written since, and reads as before: its eTag was {etag.was}, and is {etag.now}."
    return f"Since it was made, this changed: {judged.listed(others)}."


def save(path: str, move: Migration, versions: Mapping[str, str]) -> None:
    """Write the plan of a move that nothing stands in the way of, or that there is nothing to do; raises OSError."""
    cluster = move.report.cluster
    projected = judged.projection(cluster.snapshot)
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "kind": KIND,
        "createdAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": dict(versions),
        "cluster": cluster_json(cluster),
        "from": move.report.origin,
        "to": move.report.request.to,
        "request": move.report.request.to_json(),
        "eTag": arm.text(cluster.document, "eTag"),
        "apiVersion": cluster.snapshot.api_version,
        "plan": move.plan.to_json() if move.plan else None,
        "judged": projected,
        "fingerprint": judged.fingerprint(projected),
    }
    files.write(path, {**document, "digest": _digest(document)})


def _digest(document: Json) -> str:
    """A hash of all of a file but itself."""
    return judged.fingerprint({key: value for key, value in document.items() if key != "digest"})


def load(path: str, cli_version: str) -> SavedPlan:
    """The plan in a file; raises PlanError when it is none that can be applied, NotOurs when somebody else may have
    written it, and other OSErrors when it cannot be read."""
    try:
        document = files.read(path)
    except ValueError as error:
        raise PlanError(f"{path} is no plan: {error}.") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise PlanError(f"{path} is no plan: it is not what --out saves.")
    version = document.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise PlanError(
            f"{path} is a plan with schemaVersion {version!r}, and this version reads {SCHEMA_VERSION!r}.",
            "Plan again with this version of the extension, or apply it with the version that made it.",
        )
    if document.get("digest") != _digest(document):
        raise PlanError(f"{path} was changed since it was saved, so it is not the plan that was judged.")
    return SavedPlan(path, document, _request(path, document, cli_version))


def _request(path: str, document: Json, cli_version: str) -> Request:
    """The request of a plan that is whole; raises PlanError."""
    objects = ("judged", "cluster", "request")
    if not all(isinstance(document.get(key), dict) for key in objects) or "plan" not in document:
        raise PlanError(f"{path} is no plan: what was judged, or what for, is missing.")
    try:
        return requests.from_json(document["request"], cli_version)
    except ValueError as error:
        raise PlanError(
            f"{path} asks for what this version does not know: {error}.",
            "Apply it with the version that made it, or plan again with this one.",
        ) from error

"""All that was read of one cluster, frozen; to JSON and back. What could not be read is in it too, as Unread."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Tuple, Union

from azext_aksegress import arm
from azext_aksegress.arm import Json

SCHEMA_VERSION = "1"
API_VERSION = "2026-06-01"
"""The api-version of Microsoft.ContainerService that everything here is written for (azure-mgmt-containerservice
41.6.0, az 2.91.0). A snapshot says which one answered; one that does not say is taken to be of this one."""

PREVIEW_API_VERSION = "2026-05-02-preview"
"""The pinned preview that knows outboundType `block` (aks-preview 9.0.0b2 and later)."""


VERSION = "apiVersion"
"""How a snapshot that does not come from the cloud's own answers says that it does not know what the cloud takes."""
NOT_FOUND = "not found"
"""How the reason of an id begins that Azure knows nothing behind."""


class Unread(Exception):
    """Something that a judgement needs could not be read, or cannot be known before the move.

    Raised by whatever touches it; the engine turns it into the outcome `unknown`.
    """

    def __init__(self, resource_id: str | None, reason: str, permission: str | None = None):
        """`permission` is the Azure RBAC action that was missing, if one was."""
        super().__init__(reason)
        self.id = resource_id
        self.reason = reason
        self.permission = permission

    @property
    def is_absent(self) -> bool:
        """Whether it is known that there is nothing to read; a subscription that is not seen proves nothing."""
        return self.reason.startswith(NOT_FOUND) and "SubscriptionNotFound" not in self.reason

    def __str__(self) -> str:
        subject = f"{arm.called(self.id)}: " if self.id else ""
        needs = f" (needs {self.permission})" if self.permission else ""
        return f"{subject}{self.reason}{needs}"

    def to_json(self) -> Json:
        """The row in the snapshot's `unread`."""
        return {"id": self.id, "reason": self.reason, "permission": self.permission}


class Untold(Unread):
    """What no read tells, whoever asks: it is not Azure's to know, or it is not there before the move."""


Answer = Union[Json, Tuple[Json, ...], Unread]
"""What a read of one id gives: a resource, the members of a collection, or the reason why there is neither."""


class SnapshotError(ValueError):
    """A document is no snapshot that this version can judge; the message says why."""


@dataclass(frozen=True)
class Snapshot:
    """One cluster and everything around it that was read, at one moment.

    `cluster`, `resources` and `collections` hold the JSON of Azure Resource Manager as it came, secrets included:
    a snapshot leaves the process only through `to_json`, which removes them.
    """

    captured_at: str
    api_version: str
    cluster: Json
    resources: Mapping[str, Json] = field(default_factory=dict)
    collections: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    unread: Mapping[str, Unread] = field(default_factory=dict)
    untold: frozenset[str] = frozenset()
    """What the source of the resources never gives, so that its absence says nothing: lists below `properties`, and
    VERSION."""

    @property
    def answered(self) -> str:
        """The api-version that the cloud answers with, which says what it takes; raises Unread where nobody asked the
        cloud itself."""
        if VERSION in self.untold:
            raise Unread(arm.text(self.cluster, "id"), "with which api-version this cloud answers was not asked")
        return self.api_version

    def knows(self, resource_id: str) -> bool:
        """Whether an id was read or tried."""
        key = resource_id.lower()
        return key in self.resources or key in self.collections or key in self.unread

    def resource(self, resource_id: str) -> Json:
        """The resource with an id; raises Unread when it was not, or could not be, read."""
        key = resource_id.lower()
        if key not in self.resources:
            raise self.unread.get(key) or Unread(resource_id, "was not read")
        if not isinstance(self.resources[key].get("properties"), dict):
            raise Unread(resource_id, "Azure's answer has no properties")
        return self.resources[key]

    def collection(self, collection_id: str) -> tuple[Json, ...]:
        """The members of a collection; raises Unread when it was not, or could not be, listed."""
        key = collection_id.lower()
        if key in self.collections:
            return self.collections[key]
        raise self.unread.get(key) or Unread(collection_id, "was not listed")

    def members(self, resource_id: str, key: str) -> tuple[str, ...]:
        """The ids in a list below `properties` of a resource; raises Unread."""
        if key in self.untold:
            raise Unread(resource_id, f"its {key} were not read")
        return arm.references(self.resource(resource_id), "properties", key)

    def plus(self, answers: Mapping[str, Answer]) -> Snapshot:
        """The snapshot with more answers in it, by id."""
        resources, collections, unread = dict(self.resources), dict(self.collections), dict(self.unread)
        for resource_id, answer in answers.items():
            key = resource_id.lower()
            if isinstance(answer, Unread):
                unread[key] = answer
            elif isinstance(answer, tuple):
                collections[key] = answer
            else:
                resources[key] = answer
        return replace(self, resources=resources, collections=collections, unread=unread)

    def to_json(self) -> Json:
        """The document that `show` prints and `--snapshot` reads, less its derived part `egress`."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "capturedAt": self.captured_at,
            "apiVersion": self.api_version,
            "cluster": without_secrets(self.cluster),
            "resources": without_secrets(dict(sorted(self.resources.items()))),
            "collections": without_secrets({key: list(value) for key, value in sorted(self.collections.items())}),
            "unread": [self.unread[key].to_json() for key in sorted(self.unread)],
        }


def from_json(document: Any) -> Snapshot:
    """The snapshot in a document that `show` printed; raises SnapshotError when it is none."""
    if not isinstance(document, dict):
        raise SnapshotError("it is not a JSON object")
    version = document.get("schemaVersion")
    if version != SCHEMA_VERSION:
        raise SnapshotError(f"its schemaVersion is {version!r}, and this version reads {SCHEMA_VERSION!r}")
    cluster = document.get("cluster")
    if not isinstance(cluster, dict) or not arm.text(cluster, "id"):
        raise SnapshotError("it holds no cluster with an id")
    resources, collections = document.get("resources"), document.get("collections")
    return Snapshot(
        captured_at=arm.text(document, "capturedAt") or "",
        api_version=arm.text(document, "apiVersion") or API_VERSION,
        cluster=cluster,
        resources=_lower_keys(resources, dict),
        collections={key: tuple(rows) for key, rows in _lower_keys(collections, list).items() if _are_objects(rows)},
        unread={row.id.lower(): row for row in _unread_rows(document) if row.id},
    )


def _lower_keys(mapping: Any, kind: type) -> dict[str, Any]:
    if not isinstance(mapping, dict):
        return {}
    return {key.lower(): value for key, value in mapping.items() if isinstance(value, kind)}


def _are_objects(rows: list[Any]) -> bool:
    """Whether nothing of a list is lost: with one member that says nothing, what a collection lacks is not known."""
    return all(isinstance(row, dict) for row in rows)


def _unread_rows(document: Json) -> list[Unread]:
    return [
        Unread(arm.text(row, "id"), arm.text(row, "reason") or "was not read", arm.text(row, "permission"))
        for row in arm.objects(document, "unread")
    ]


_SECRET_KEY = re.compile(
    r"(passw|passwd|password|pwd|secret|secretvalue|secretkey|apikey|token|credential|connectionstring|sasurl|"
    r"(account|api|shared|access|private|primary|secondary|storage|workspace)key)$",
    re.I,
)
"""What a key that names a secret is called, without hyphens and underscores."""
_SECRETS = (
    (re.compile(r"(\b\w+://)[^/\s]+@"), r"\1"),
    (re.compile(r"([?&]sig=)[^&\s]+", re.I), r"\1"),
    (re.compile(r"(?<![\w-])(?=[\w-]+\.[\w-])([\w-]*?)\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), r"\1(a token)"),
    (re.compile(r"\b(bearer\s+)[\w.~+/-]{8,}=*", re.I), r"\1(a token)"),
    (re.compile(r"\b((?:account|shared ?access|primary|secondary) ?key|passw(?:or)?d|pwd)=[^;\s]+", re.I), r"\1="),
)
"""Secrets within a text: user names and signatures in URLs, tokens, keys and passwords in connection strings. Each
begins where a word does, or a text of one long word would be searched again from each of its letters."""


def without_secrets(value: Any) -> Any:
    """A copy of a document without the keys that name a secret, and with its texts as `masked` has them."""
    if isinstance(value, dict):
        return {key: without_secrets(item) for key, item in value.items() if not _names_a_secret(str(key))}
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return masked(value) if isinstance(value, str) else value


def _names_a_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(re.sub(r"[-_ .]", "", key)))


def masked(text: str) -> str:
    """A text without the secrets that may be in it."""
    for known, instead in _SECRETS:
        text = known.sub(instead, text)
    return text

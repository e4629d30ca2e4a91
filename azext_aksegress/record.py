"""The record of a migration: what was there before, saved before the first write, and what was done since."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone
from typing import Any, Callable

from azext_aksegress import files, profiles
from azext_aksegress.arm import Json
from azext_aksegress.plan import Plan
from azext_aksegress.report import cluster_json
from azext_aksegress.snapshot import SCHEMA_VERSION, without_secrets

FOLDER = "aksegress"


class Record:
    """A JSON file that only its owner can read, replaced as a whole at each change."""

    def __init__(self, folder: str, plan: Plan, versions: dict[str, str]) -> None:
        """Nothing is written yet. `folder` is made when it is not there."""
        now = datetime.now(timezone.utc)
        name = f"{safe(plan.cluster.name)}-{now.strftime('%Y%m%dT%H%M%S%fZ')}.json"
        self.path = os.path.join(folder, name)
        self.step: int | None = None
        """The number of the plan's step that is made now; what happens is written down with it."""
        self.last_event: str | None = None
        self._document: Json = {
            "schemaVersion": SCHEMA_VERSION,
            "createdAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "versions": versions,
            "cluster": cluster_json(plan.cluster),
            "rollbackOf": plan.undo.record if plan.undo else None,
            "before": {
                "networkProfile": without_secrets(plan.cluster.setting("networkProfile")),
                "egressIps": list(plan.report.before.known),
                "ipsMadeByAks": list(profiles.addresses_made_by_aks(plan.cluster)),
                "eTag": plan.etag,
                "apiVersion": plan.api_version,
                "cluster": without_secrets(plan.cluster.document),
            },
            "expected": plan.expected.to_json(),
            "plan": plan.to_json(),
            "guardedBy": "eTag" if plan.etag else "a second read right before the write",
            "steps": [],
        }

    def save(self) -> None:
        """Write the file anew, atomically and to the disk, with mode 0600; raises OSError."""
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        files.write(self.path, self._document)

    def done(self, event: str, **details: Any) -> None:
        """Add what happened to the steps, and save; raises OSError."""
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        of_step = {"step": self.step} if self.step else {}
        self._document["steps"].append({"at": at, **of_step, "event": event, **without_secrets(details)})
        self.last_event = event
        self.save()

    def keep(self, tell: Callable[[str], object], event: str, **details: Any) -> None:
        """The same once the update is out, when a full disk must not keep anybody from following it."""
        try:
            self.done(event, **details)
        except OSError as error:
            tell(f"the record cannot be written any more ({error.strerror})")


def safe(name: str) -> str:
    """A cluster's name as the beginning of a file's."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "cluster"

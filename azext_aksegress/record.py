"""The record of a migration: what was there before, saved before the first write, and what was done since."""

from __future__ import annotations

import json
import os
import re
import tempfile
from datetime import datetime, timezone
from typing import Any, Callable

from azext_aksegress.arm import Json
from azext_aksegress.plan import Plan
from azext_aksegress.report import Report, cluster_json
from azext_aksegress.snapshot import SCHEMA_VERSION, without_secrets

FOLDER = "aksegress"


class Record:
    """A JSON file that only its owner can read, replaced as a whole at each change."""

    def __init__(self, folder: str, report: Report, plan: Plan, versions: dict[str, str]) -> None:
        """Nothing is written yet. `folder` is made when it is not there."""
        now = datetime.now(timezone.utc)
        safe_name = re.sub(r"[^A-Za-z0-9_-]", "_", report.cluster.name) or "cluster"
        self.path = os.path.join(folder, f"{safe_name}-{now.strftime('%Y%m%dT%H%M%S%fZ')}.json")
        self._document: Json = {
            "schemaVersion": SCHEMA_VERSION,
            "createdAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "versions": versions,
            "cluster": cluster_json(report.cluster),
            "before": {
                "networkProfile": without_secrets(report.cluster.setting("networkProfile")),
                "eTag": plan.etag,
                "egressIps": list(report.before.known),
            },
            "plan": plan.to_json(),
            "guardedBy": "eTag" if plan.etag else "a second read right before the write",
            "steps": [],
        }

    def save(self) -> None:
        """Write the file anew, atomically and to the disk, with mode 0600; raises OSError."""
        folder = os.path.dirname(self.path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".record-", dir=folder)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._document, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise

    def done(self, event: str, **details: Any) -> None:
        """Add what happened to the steps, and save; raises OSError."""
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._document["steps"].append({"at": at, "event": event, **without_secrets(details)})
        self.save()

    def keep(self, tell: Callable[[str], object], event: str, **details: Any) -> None:
        """The same once the update is out, when a full disk must not keep anybody from following it."""
        try:
            self.done(event, **details)
        except OSError as error:
            tell(f"the record cannot be written any more ({error.strerror})")

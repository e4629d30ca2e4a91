"""Resource groups: they are there as long as something is in them."""

from __future__ import annotations

from tests.armsim.arm import Answer, Arm, Refusal, Request
from tests.armsim.ids import LOCATION, group_of, name_of, parent_of, within
from tests.armsim.messages import Json


def handle(arm: Arm, request: Request) -> Answer:
    path = request.path.rstrip("/")
    if request.method not in ("GET", "HEAD"):
        raise Refusal(405, "MethodNotAllowed", "The local Azure's resource groups can be read alone.")
    if path.lower().endswith("/resourcegroups"):
        subscription = path.rpartition("/")[0]
        found: dict[str, list[Json]] = {}
        for row in top_level(arm, subscription):
            found.setdefault(group_of(row["id"]).lower(), []).append(row)
        inside = [rows for key, rows in found.items() if "/resourcegroups/" in key]
        return Answer({"value": [_group(group_of(rows[-1]["id"]), rows) for rows in inside]})
    if path.lower().endswith("/resources"):
        kept = ("id", "name", "type", "location", "tags", "sku", "identity", "kind")
        rows = [{key: row[key] for key in kept if key in row} for row in top_level(arm, path.rpartition("/")[0])]
        return Answer({"value": rows})
    rows = top_level(arm, path)
    if not rows:
        raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{name_of(path)}' could not be found.")
    return Answer(None, 204) if request.method == "HEAD" else Answer(_group(path, rows))


def top_level(arm: Arm, scope: str) -> list[Json]:
    """The resources below a scope that are neither children nor extensions of others."""
    rows = [row for key, row in arm.estate.resources.items() if within(scope, key) and key.count("/providers/") == 1]
    resources = [row for row in rows if not row["type"].lower().startswith("microsoft.authorization/")]
    return [row for row in resources if row.get("id") and parent_of(row["id"]) is None]


def _group(path: str, rows: list[Json]) -> Json:
    """As recorded; the group is where the first of its resources is."""
    return {
        "id": path,
        "name": name_of(path),
        "type": "Microsoft.Resources/resourceGroups",
        "location": next((row["location"] for row in rows if row.get("location")), LOCATION),
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }

"""What stops AKS in the middle of an operation: locks, policies and quotas, found by trying on a copy of the estate."""

from __future__ import annotations

import copy

from tests.armsim import governance, node_group
from tests.armsim.estate import Estate
from tests.armsim.estate_rules import READ_ONLY
from tests.armsim.ids import LOCATION
from tests.armsim.messages import Json


def obstacle(estate: Estate, cluster: Json) -> tuple[str, str] | None:
    """Code and message of what would stop the move, or None."""
    trial = copy.copy(estate)
    trial.resources = copy.deepcopy(estate.resources)
    node_group.settle(trial, trial[cluster["id"]])
    return _locked(estate, trial, cluster) or _denied(estate, trial) or _too_many(estate, trial, cluster)


def _locked(estate: Estate, trial: Estate, cluster: Json) -> tuple[str, str] | None:
    for key in {*estate.resources, *trial.resources} - {cluster["id"].lower()}:
        gone = key not in trial.resources
        if not gone and estate.resources.get(key) == trial.resources[key]:
            continue
        for lock in governance.locks_over(estate, key):
            if gone or lock["properties"]["level"] == READ_ONLY:
                return "ScopeLocked", f"The scope '{key}' is locked by '{lock['id']}'."
    return None


def _denied(estate: Estate, trial: Estate) -> tuple[str, str] | None:
    for key, row in trial.resources.items():
        policy = governance.denying(estate, key, row["type"]) if key not in estate.resources else None
        if policy:
            return "RequestDisallowedByPolicy", f"Resource '{row['name']}' was disallowed by policy '{policy.name}'."
    return None


def _too_many(estate: Estate, trial: Estate, cluster: Json) -> tuple[str, str] | None:
    """New addresses are made before old ones go, so both count."""
    subscription, where = "/".join(cluster["id"].split("/")[:3]), cluster.get("location") or LOCATION
    made = {key: row for key, row in trial.resources.items() if key not in estate.resources}
    both = copy.copy(estate)
    both.resources = {**estate.resources, **made}
    for name, (limit, _) in estate.quotas.items():
        before = sum(governance.counted(estate, name, subscription, where))
        more = sum(governance.counted(both, name, subscription, where)) - before
        if more and governance.used(estate, name, subscription, where) + more > limit:
            code = "PublicIPCountLimitReached" if "PublicIP" in name or "PublicIp" in name else "QuotaExceeded"
            return code, f"Cannot create more than {limit} {name} for this subscription in this region."
    return None

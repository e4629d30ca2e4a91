"""`migrate` over recorded clusters, in a real az: it sends what `az aks update` sent, and ends as Azure did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.armsim.cli import Az
from tests.armsim.estate import SUBSCRIPTION
from tests.armsim.server import LocalAzure
from tests.test_fidelity import CASSETTES, Step, furnished, same_but_for_chance, steps
from tests.test_recordings import asked, unsaid

pytestmark = pytest.mark.skipif(
    not CASSETTES, reason="real AKS traffic (../shared/recordings/*.yaml) is not beside this checkout"
)
NOBODYS = "00000000-0000-0000-0000-000000000000"
"""The subscription in recordings; the local az is signed in to another."""


def every_step() -> list[Any]:
    found = [(path, list(steps(path))) for path in CASSETTES]
    return [pytest.param(step, id=f"{path.stem}-{number}") for path, rows in found for number, step in enumerate(rows)]


@pytest.mark.parametrize("step", every_step())
def test_the_update_is_the_one_that_az_sent_and_ends_as_azures_did(az: Az, server: LocalAzure, step: Step) -> None:
    arm = furnished(step)
    for key, row in list(arm.estate.resources.items()):
        mine = json.loads(json.dumps(row).replace(NOBODYS, SUBSCRIPTION))
        arm.estate.resources[key.replace(NOBODYS, SUBSCRIPTION)] = mine
        del arm.estate.resources[key]
    cluster_id = step.before.path.replace(NOBODYS, SUBSCRIPTION)
    arm.estate.furnish(cluster_id)
    server.arm = arm
    words = az_words(asked(step.before.answered, step.put.sent).spelled)

    result = az("aks", "egress", "migrate", "--ids", cluster_id, *words, "--yes", "--accept", "EGR604")

    assert (result.code, result.json["outcome"]) == (0, "applied"), result.err
    (put,) = arm.writes
    theirs = without_effective(step.put.sent)
    assert list(unsaid(same_but_for_chance(theirs), same_but_for_chance(put.body))) == []
    assert network(same_but_for_chance(put.body)) == network(same_but_for_chance(theirs))
    after = same_but_for_chance(arm.estate[cluster_id])
    assert list(unsaid(network(same_but_for_chance(step.after.answered)), network(after))) == []


def az_words(spelled: dict[str, str]) -> list[str]:
    rows = [(f"--{option.replace('_', '-')}", value) for option, value in spelled.items()]
    return [word.replace(NOBODYS, SUBSCRIPTION) for row in rows for word in row]


def network(document: Any) -> Any:
    return document["properties"]["networkProfile"]


def without_effective(document: Any) -> Any:
    """The document without the addresses in force, which az sends along and AKS ignores."""
    found = json.loads(json.dumps(document))
    for profile in network(found).values():
        if isinstance(profile, dict):
            profile.pop("effectiveOutboundIPs", None)
    return found

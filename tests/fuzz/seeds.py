"""The files that are as they should be, from which the others are made."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from azext_aksegress import migration, plan, report, saved
from azext_aksegress.cluster import Cluster
from azext_aksegress.record import Record
from azext_aksegress.request import Request
from tests.builders import AZ, Shop

UDR, UANAT = "userDefinedRouting", "userAssignedNATGateway"
RANGED = {"authorizedIPRanges": ["20.0.0.0/8", "AzureCloud.northeurope"]}


def _a_record() -> bytes:
    """The record of a move to userDefinedRouting that was made and proven, with ranges that were added."""
    made = Shop.byo(apiServerAccessProfile=RANGED).routed().report(UDR, update_ranges=True)
    with tempfile.TemporaryDirectory() as folder:
        record = Record(folder, plan.make(made, ()), {})
        for number, action in enumerate(("authorizeIpRanges", "updateOutboundType"), start=1):
            record.step = number
            record.done("sending", action=action, added=["52.0.0.1/32"])
            record.done("accepted", action=action)
            record.done("succeeded", action=action)
        record.done("applied", verification={"findings": [], "egressIps": ["52.0.0.1"]})
        return Path(record.path).read_bytes()


def _a_plan() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        asked = Request(UANAT, cli_version=AZ)
        saved.save(str(path), migration.prepare(PLANNED, asked, ()), {"az": AZ, "aksegress": "1.0.0"})
        return path.read_bytes()


PLANNED = Shop.byo().gated().snapshot(Request(UANAT))
"""What is read when the plan is applied."""
MOVED = Shop.byo(UDR, apiServerAccessProfile=RANGED).snapshot()
"""What is read after the move that the record is of."""
CLUSTER = Cluster(PLANNED)
RECORD = _a_record()
PLAN = _a_plan()
SNAPSHOT = json.dumps(report.show_json(Shop.byo(UDR).snapshot())).encode()
REQUEST = json.dumps({**json.loads(RECORD)["expected"], **json.loads(RECORD)["expected"]["request"]}).encode()

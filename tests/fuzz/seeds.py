"""The files that are as they should be, from which the others are made."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from azext_aksegress import migration, report, saved
from azext_aksegress.cluster import Cluster
from azext_aksegress.request import Request
from tests.builders import AZ, Shop
from tests.records import RANGED, a_record

UDR, UANAT = "userDefinedRouting", "userAssignedNATGateway"


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
RECORD = a_record({"findings": [], "egressIps": ["52.0.0.1"]})
PLAN = _a_plan()
SNAPSHOT = json.dumps(report.show_json(Shop.byo(UDR).snapshot())).encode()
REQUEST = json.dumps({**json.loads(RECORD)["expected"], **json.loads(RECORD)["expected"]["request"]}).encode()

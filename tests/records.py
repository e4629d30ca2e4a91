"""A record as a migration leaves it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from azext_aksegress import plan
from azext_aksegress.record import Record
from tests.builders import Shop

RANGED = {"authorizedIPRanges": ["20.0.0.0/8", "AzureCloud.northeurope"]}


def a_record(verification: Any = None) -> bytes:
    """The record of a move to userDefinedRouting that was made, with ranges that were added; proven, where it ends with
    a verification."""
    made = Shop.byo(apiServerAccessProfile=RANGED).routed().report("userDefinedRouting", update_ranges=True)
    with tempfile.TemporaryDirectory() as folder:
        record = Record(folder, plan.make(made, ()), {})
        for number, action in enumerate(("authorizeIpRanges", "updateOutboundType"), start=1):
            record.step = number
            record.done("sending", action=action, added=["52.0.0.1/32"])
            record.done("accepted", action=action)
            record.done("succeeded", action=action)
        if verification is not None:
            record.done("applied", verification=verification)
        return Path(record.path).read_bytes()

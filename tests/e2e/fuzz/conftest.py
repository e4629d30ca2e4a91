"""The warm az and the local Azure of the suite of faults."""

from __future__ import annotations

from tests.e2e.faults import conftest as faults

cold_az, stage = faults.cold_az, faults.stage

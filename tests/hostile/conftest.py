"""The extension's own reader of Azure, on a wire to a local Azure that means ill."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Iterator

import pytest
from azure.core.pipeline import policies

from azext_aksegress.resources import RETRIES, ArmReader, OnlyMethods
from tests.armsim.arm import Arm
from tests.armsim.ids import SUBSCRIPTION
from tests.armsim.server import LocalAzure
from tests.builders import Shop


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    with LocalAzure(Shop().arm, tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def arm(azure: LocalAzure) -> Arm:
    azure.arm = Shop.byo().arm
    return azure.arm


@pytest.fixture
def reader(azure: LocalAzure) -> Iterator[Any]:
    """An ArmReader as az's factory makes it, with a token that is none."""
    made = ArmReader(
        None,
        SUBSCRIPTION,
        azure.url,
        connection_verify=str(azure.ca),
        authentication_policy=policies.HeadersPolicy({"Authorization": "Bearer local"}),
        logging_policy=policies.SansIOHTTPPolicy(),
        http_logging_policy=policies.SansIOHTTPPolicy(),
        per_retry_policies=[OnlyMethods("GET", action="runCommand")],
        use_env_settings=False,
        **{**RETRIES, "retry_backoff_factor": 0},
    )
    yield SimpleNamespace(arm=made)
    made._client.close()

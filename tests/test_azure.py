from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AuthenticationError
from azure.cli.core.commands import client_factory
from azure.core.exceptions import AzureError

from azext_aksegress import azure
from azext_aksegress._errors import told
from azext_aksegress.read import nothing_else
from tests.builders import Shop


class TestTheSignIn:
    @pytest.mark.parametrize(
        "failure", [OSError("login is not reachable"), AuthenticationError("AADSTS70043: expired")]
    )
    def test_a_token_that_cannot_be_had_is_an_error_of_azure(self, failure: Exception) -> None:
        with pytest.raises(AzureError, match=str(failure)), azure._understood():
            raise failure

    def test_azs_own_words_are_kept_for_who_reads_them(self) -> None:
        expired = AuthenticationError("AADSTS70043: expired", recommendation="az login")
        with pytest.raises(AuthenticationError) as caught, told("rg", "aks"), azure._understood():
            raise expired
        assert caught.value is expired


def test_what_else_is_read_of_a_cluster_has_an_allowance_of_its_own() -> None:
    made = azure.Azure(None, "rg", "aks")
    begun: list[str] = []
    reader: Any = SimpleNamespace(begin=lambda: begun.append("again"))
    made.__dict__["_reader"] = reader
    made.more(Shop.byo().snapshot(), nothing_else)
    assert begun == ["again"]


class TestTheConnection:
    """az's own settings of whom to trust hold for the cluster too, whose client is given a transport."""

    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        kept: dict[str, Any] = {}

        def make(*_: Any, **options: Any) -> Any:
            kept.update(options)
            return SimpleNamespace(managed_clusters=None)

        monkeypatch.setattr(client_factory, "get_mgmt_service_client", make)
        for name in ("AZURE_CLI_DISABLE_CONNECTION_VERIFICATION", "ADAL_PYTHON_SSL_NO_VERIFY", "REQUESTS_CA_BUNDLE"):
            monkeypatch.setenv(name, "")  # az sets one of them, which is to be undone
            monkeypatch.delenv(name)
        return kept

    def test_is_verified(self, made: dict[str, Any]) -> None:
        azure._cluster_operations(None, "2026-06-01")
        assert made["transport"].connection_config.verify is True

    def test_is_not_where_az_is_told_so(self, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AZURE_CLI_DISABLE_CONNECTION_VERIFICATION", "1")
        azure._cluster_operations(None, "2026-06-01")
        assert made["transport"].connection_config.verify is False

    def test_is_by_the_certificates_that_az_is_given(
        self, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", __file__)
        azure._cluster_operations(None, "2026-06-01")
        assert made["transport"].connection_config.verify == __file__

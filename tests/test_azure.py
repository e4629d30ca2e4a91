from __future__ import annotations

import pytest
from azure.cli.core.azclierror import AuthenticationError
from azure.core.exceptions import AzureError

from azext_aksegress import azure
from azext_aksegress._errors import told


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

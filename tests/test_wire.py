"""The bounds on answers; what they do on a wire is in `tests/hostile`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from urllib3.connectionpool import HTTPSConnectionPool

from azext_aksegress import wire


class TestAllowance:
    def test_what_was_taken_is_there_again_for_the_next_reading(self) -> None:
        allowance = wire.Allowance()
        allowance.take(wire.LARGEST_READING)
        with pytest.raises(wire.TooMuch, match="128 MiB together"):
            allowance.take(1)
        allowance.renew()
        allowance.take(wire.LARGEST_READING)


class TestConnections:
    @pytest.mark.parametrize("proxy", [None, "http://proxy.example:3128"])
    def test_those_to_azure_and_through_a_proxy_have_a_clock(self, proxy: str | None) -> None:
        session: Any = wire.transport().session
        adapter = session.get_adapter("https://azure")
        manager = adapter.proxy_manager_for(proxy) if proxy else adapter.poolmanager
        pool = manager.pool_classes_by_scheme["https"]
        assert issubclass(pool, HTTPSConnectionPool)
        assert pool.ConnectionCls.response_class is not HTTPSConnectionPool.ConnectionCls.response_class


class TestPatience:
    @pytest.mark.parametrize(
        ("status", "after", "again"), [(429, "5", True), (429, "300", False), (503, "5", True), (403, "5", False)]
    )
    def test_nobody_waits_for_minutes_or_for_a_refusal(self, status: int, after: str, again: bool) -> None:
        http = SimpleNamespace(status_code=status, headers={"Retry-After": after})
        settings = {"total": 4, "methods": ["GET"]}
        request = SimpleNamespace(method="GET")
        assert wire.Patient().is_retry(settings, SimpleNamespace(http_response=http, http_request=request)) is again

    @pytest.mark.parametrize(("after", "again"), [("60", True), ("61", False)])
    def test_what_nothing_goes_on_without_is_waited_for_a_minute(self, after: str, again: bool) -> None:
        http = SimpleNamespace(status_code=429, headers={"Retry-After": after})
        answer = SimpleNamespace(http_response=http, http_request=SimpleNamespace(method="GET"))
        patient = wire.Patient(wire.LONGEST_WAIT)
        assert patient.is_retry({"total": 4, "methods": ["GET"]}, answer) is again

    @pytest.mark.parametrize("after", ["inf", "1e400"])
    def test_nor_for_what_is_no_time(self, after: str) -> None:
        http = SimpleNamespace(status_code=429, headers={"Retry-After": after})
        answer = SimpleNamespace(http_response=http, http_request=SimpleNamespace(method="GET"))
        assert not wire.Patient().is_retry({"total": 4, "methods": ["GET"]}, answer)

    @pytest.mark.parametrize("after", ["soon", "nan", "-5", "", "0 0 0 0 0", "Mon, 99 Foo 99999 99:99:99 GMT"])
    def test_a_date_that_is_none_asks_for_nothing(self, after: str) -> None:
        http = SimpleNamespace(status_code=429, headers={"Retry-After": after})
        assert not wire.Patient().get_retry_after(SimpleNamespace(http_response=http))

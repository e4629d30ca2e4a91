from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azext_aksegress import past, plan
from azext_aksegress.record import Record
from tests.armsim.estate import cluster_id
from tests.builders import CLUSTER, Shop


class TestFormerAddresses:
    @staticmethod
    def write(folder: Path, name: str = "aks-shop-20260101T000000000000Z.json", **changes: Any) -> None:
        own = [{"id": "/own"}]
        profile = {"outboundIPs": {"publicIPs": own}, "effectiveOutboundIPs": [{"id": "/effective"}, {"id": None}]}
        network = {"loadBalancerProfile": profile, "natGatewayProfile": {"outboundIPs": {"publicIPs": ["/nat"]}}}
        before = {"egressIps": ["52.0.0.1", 7], "networkProfile": network}
        document = {"cluster": {"id": cluster_id(CLUSTER).upper()}, "before": before, **changes}
        folder.joinpath(name).write_text(json.dumps(document))

    def test_addresses_and_ids_of_every_profile_are_told(self, tmp_path: Path) -> None:
        self.write(tmp_path)
        found = past.former_addresses(str(tmp_path), cluster_id(CLUSTER))
        assert found == ("/effective", "/nat", "/own", "52.0.0.1")

    def test_a_real_record_is_read(self, tmp_path: Path) -> None:
        shop = Shop.managed()
        made = shop.report("managedNATGateway", nat_gateway_sku="Standard")
        Record(str(tmp_path), plan.make(made, ()), {}).save()
        assert set(made.before.known) < set(past.former_addresses(str(tmp_path), made.cluster.id))

    def test_records_of_another_cluster_are_left_out(self, tmp_path: Path) -> None:
        self.write(tmp_path, cluster={"id": "/subscriptions/x"})
        self.write(tmp_path, "aks-shop-2-20260101T000000000000Z.json")
        assert past.former_addresses(str(tmp_path), cluster_id(CLUSTER)) == ()

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"before": 1}', '{"cluster": {"id": 1}}', "[" * 100_000])
    def test_what_is_no_record_is_left_out(self, tmp_path: Path, text: str) -> None:
        tmp_path.joinpath("aks-shop-20260102T000000000000Z.json").write_text(text)
        self.write(tmp_path)
        assert "52.0.0.1" in past.former_addresses(str(tmp_path), cluster_id(CLUSTER))

    @pytest.mark.parametrize("before", [None, [], {"networkProfile": []}, {"egressIps": "52.0.0.1"}])
    def test_odd_records_say_nothing(self, tmp_path: Path, before: Any) -> None:
        self.write(tmp_path, before=before)
        assert past.former_addresses(str(tmp_path), cluster_id(CLUSTER)) == ()

    def test_no_folder_is_no_record(self, tmp_path: Path) -> None:
        assert past.former_addresses(str(tmp_path / "none"), cluster_id(CLUSTER)) == ()

    def test_the_number_and_the_size_of_records_are_bounded(self, tmp_path: Path, monkeypatch: Any) -> None:
        self.write(tmp_path)
        self.write(tmp_path, "aks-shop-20260102T000000000000Z.json", before={"egressIps": ["52.0.0.7"]})
        monkeypatch.setattr(past, "MOST_RECORDS", 1)
        assert past.former_addresses(str(tmp_path), cluster_id(CLUSTER)) == ("52.0.0.7",)
        monkeypatch.setattr(past, "LARGEST_RECORD", 10)
        assert past.former_addresses(str(tmp_path), cluster_id(CLUSTER)) == ()

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from azext_aksegress import plan
from azext_aksegress.record import Record
from tests.builders import Shop


def record(folder: Path, shop: Shop | None = None) -> Record:
    made = (shop or Shop.byo().routed()).report("userDefinedRouting")
    return Record(str(folder), plan.make(made, ()), {"az": "2.91.0", "aksegress": "1.0.0b1"})


def test_it_keeps_the_egress_configuration_as_it_was(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    kept = record(tmp_path / "new", shop)
    kept.save()
    document = json.loads(Path(kept.path).read_text())
    assert document["before"]["networkProfile"] == shop.document["properties"]["networkProfile"]
    assert document["before"]["egressIps"] == ["52.0.0.1"]
    assert document["plan"]["steps"]
    assert document["guardedBy"] == "eTag"


def test_it_says_what_guarded_the_update_where_there_is_no_etag(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    shop.document.pop("eTag")
    kept = record(tmp_path, shop)
    kept.save()
    assert json.loads(Path(kept.path).read_text())["guardedBy"] == "a second read right before the write"


def test_a_full_disk_is_told_and_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    record(tmp_path / "file").keep(told.append, "accepted")
    assert "the record cannot be written any more" in told[0]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    kept = record(tmp_path / "new")
    kept.save()
    assert stat.S_IMODE(Path(kept.path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_it_is_named_after_cluster_and_time(tmp_path: Path) -> None:
    assert Path(record(tmp_path).path).name.startswith("aks-shop-20")


def test_steps_are_added_as_they_are_done(tmp_path: Path) -> None:
    kept = record(tmp_path)
    kept.save()
    kept.done("accepted")
    kept.done("failed", reason="(X) y", token="secret")
    steps = json.loads(Path(kept.path).read_text())["steps"]
    assert [step["event"] for step in steps] == ["accepted", "failed"]
    assert "token" not in steps[1]


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    shop = Shop.byo(httpProxyConfig={"httpProxy": "http://me:hunter2@proxy:80"}).routed()
    kept = record(tmp_path, shop.network(somePassword="hunter2"))
    kept.save()
    assert "hunter2" not in Path(kept.path).read_text()


def test_nothing_is_left_behind_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        record(tmp_path / "file").save()
    assert [found.name for found in tmp_path.iterdir()] == ["file"]

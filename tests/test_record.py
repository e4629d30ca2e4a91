from __future__ import annotations

import json
import stat
from datetime import datetime, timezone
from pathlib import Path

import pytest

from azext_aksegress import plan, record
from azext_aksegress.owners import NotOurs
from azext_aksegress.record import Record
from tests.builders import Shop


def unsaved(folder: Path, shop: Shop | None = None) -> Record:
    made = (shop or Shop.byo().routed()).report("userDefinedRouting")
    return Record(str(folder), plan.make(made, ()), {"az": "2.91.0", "aksegress": "1.0.0b1"})


def test_it_keeps_the_egress_configuration_as_it_was(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    kept = unsaved(tmp_path / "new", shop)
    kept.save()
    document = json.loads(Path(kept.path).read_text())
    assert document["before"]["networkProfile"] == shop.document["properties"]["networkProfile"]
    assert document["before"]["egressIps"] == ["52.0.0.1"]
    assert document["plan"]["steps"]
    assert document["guardedBy"] == "eTag"


def test_it_says_what_guarded_the_update_where_there_is_no_etag(tmp_path: Path) -> None:
    shop = Shop.byo().routed()
    shop.document.pop("eTag")
    kept = unsaved(tmp_path, shop)
    kept.save()
    assert json.loads(Path(kept.path).read_text())["guardedBy"] == "a second read right before the write"


def test_a_full_disk_is_told_and_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    unsaved(tmp_path / "file").keep(told.append, "accepted")
    assert "the record cannot be written any more" in told[0]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    kept = unsaved(tmp_path / "new")
    kept.save()
    assert stat.S_IMODE(Path(kept.path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_it_is_named_after_cluster_and_time(tmp_path: Path) -> None:
    assert Path(unsaved(tmp_path).path).name.startswith("aks-shop-20")


def test_steps_are_added_as_they_are_done(tmp_path: Path) -> None:
    kept = unsaved(tmp_path)
    kept.save()
    kept.done("accepted")
    kept.done("failed", reason="(X) y", token="secret")
    steps = json.loads(Path(kept.path).read_text())["steps"]
    assert [step["event"] for step in steps] == ["accepted", "failed"]
    assert "token" not in steps[1]


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    shop = Shop.byo(httpProxyConfig={"httpProxy": "http://me:hunter2@proxy:80"}).routed()
    kept = unsaved(tmp_path, shop.network(somePassword="hunter2"))
    kept.save()
    assert "hunter2" not in Path(kept.path).read_text()


def test_nothing_is_left_behind_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        unsaved(tmp_path / "file").save()
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


class TestTheFolder:
    def test_that_others_may_write_to_is_not_written_to(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o777)
        with pytest.raises(NotOurs):
            unsaved(tmp_path).save()
        assert list(tmp_path.iterdir()) == []

    def test_that_is_gone_meanwhile_is_made_again_with_all_of_the_record(self, tmp_path: Path) -> None:
        kept = unsaved(tmp_path / "new")
        kept.done("sending")
        Path(kept.path).unlink()
        (tmp_path / "new").rmdir()
        kept.done("accepted")
        assert [step["event"] for step in json.loads(Path(kept.path).read_text())["steps"]] == ["sending", "accepted"]

    def test_with_too_many_levels_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="File name too long"):
            unsaved(tmp_path / ("d/" * 1900)).save()


class Clock(datetime):
    """A clock that stands still at what it is set to."""

    at = datetime(2026, 11, 23, 12, 0, 0, 5, timezone.utc)

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return cls.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(record, "datetime", Clock)
    monkeypatch.setattr(Clock, "at", Clock.at)
    return Clock


class TestTheOrder:
    def test_is_that_of_the_clock(self, tmp_path: Path, clock: type[Clock]) -> None:
        kept = unsaved(tmp_path)
        kept.save()
        assert Path(kept.path).name == "aks-shop-20261123T120000000005Z.json"

    @pytest.mark.parametrize(
        ("newest", "name"),
        [
            ("20261123T120000000005", "20261123T120000000006"),
            ("20261231T235959999999", "20270101T000000000000"),
            ("29990101T000000000000", "29990101T000000000001"),
            ("99991231T235959999999", "99991231T2359599999990"),
            ("99999999T9", "99999999T90"),
            ("20261123T120000000004", "20261123T120000000005"),
        ],
    )
    def test_goes_on_after_a_jump_back(self, tmp_path: Path, clock: type[Clock], newest: str, name: str) -> None:
        (tmp_path / "aks-shop-20200101T000000000000Z.json").write_text("{}")
        (tmp_path / f"AKS-shop-{newest}Z.json").write_text("{}")
        kept = unsaved(tmp_path)
        kept.save()
        assert Path(kept.path).name == f"aks-shop-{name}Z.json"
        assert record.newest_first(str(tmp_path), "aks-shop")[0] == kept.path
        assert json.loads(Path(kept.path).read_text())["createdAt"] == "2026-11-23T12:00:00Z"

    def test_does_not_go_by_the_records_of_another_cluster(self, tmp_path: Path, clock: type[Clock]) -> None:
        (tmp_path / "aks-shop-2-29990101T000000000000Z.json").write_text("{}")
        kept = unsaved(tmp_path)
        kept.save()
        assert Path(kept.path).name == "aks-shop-20261123T120000000005Z.json"

    def test_is_kept_by_records_of_the_same_moment_and_none_is_overwritten(
        self, tmp_path: Path, clock: type[Clock]
    ) -> None:
        made = [unsaved(tmp_path) for _ in range(3)]
        for number, kept in enumerate(made):
            kept.done(f"event {number}")
        stored = [json.loads(found.read_text())["steps"][0]["event"] for found in sorted(tmp_path.iterdir())]
        assert stored == ["event 0", "event 1", "event 2"]
        assert record.newest_first(str(tmp_path), "aks-shop") == [kept.path for kept in made[::-1]]

    def test_is_kept_beside_one_that_is_written_at_the_same_moment(self, tmp_path: Path, clock: type[Clock]) -> None:
        (tmp_path / ".aks-shop-20261123T120000000005Z.json").write_text("half")
        kept = unsaved(tmp_path)
        kept.save()
        assert Path(kept.path).name == "aks-shop-20261123T120000000006Z.json"

    def test_is_that_of_the_first_writing(self, tmp_path: Path, clock: type[Clock]) -> None:
        first, second = unsaved(tmp_path), unsaved(tmp_path)
        first.done("sending")
        second.done("sending")
        path = first.path
        first.done("accepted")
        assert first.path == path

    @pytest.mark.parametrize("year", [1970, 2100])
    def test_is_a_matter_of_no_year(self, tmp_path: Path, clock: type[Clock], year: int) -> None:
        clock.at = datetime(year, 1, 1, tzinfo=timezone.utc)
        kept = unsaved(tmp_path)
        kept.save()
        assert Path(kept.path).name == f"aks-shop-{year}0101T000000000000Z.json"

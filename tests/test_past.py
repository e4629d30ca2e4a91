from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azext_aksegress import past, plan
from azext_aksegress.owners import NotOurs
from azext_aksegress.past import NoWayBack, Past, RecordError
from azext_aksegress.plan import Undo
from azext_aksegress.record import Record
from azext_aksegress.request import Request
from tests.armsim.estate import cluster_id
from tests.builders import CLUSTER, Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"
ID = cluster_id(CLUSTER)
DONE = (("updateOutboundType", "sending"), ("updateOutboundType", "accepted"), ("updateOutboundType", "succeeded"))


def kept(folder: Path, *events: tuple[str, str], shop: Shop | None = None, to: str = UDR, **options: Any) -> Past:
    """The record of a move, with what happened in its one step or, by action, in its several."""
    undo = options.pop("undo", None)
    report = (shop or Shop.byo().routed()).report(to, **options)
    record = Record(str(folder), plan.make(report, (), undo), {})
    actions = list(dict.fromkeys(action for action, _ in events))
    for action, event in events:
        record.step = actions.index(action) + 1
        record.done(event, action=action, **({"added": ["52.9.9.9/32"]} if action == "authorizeIpRanges" else {}))
    return past.load(record.path)


class TestWhatARecordSays:
    def test_where_the_cluster_was_and_what_was_asked(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        assert (found.origin, found.asked.to, found.is_rollback) == (LB, UDR, False)

    @pytest.mark.parametrize("last", ["sending", "accepted", "succeeded", "failed", "unknown", "interrupted"])
    def test_an_update_that_may_have_been_taken_counts_as_made(self, tmp_path: Path, last: str) -> None:
        assert kept(tmp_path, ("updateOutboundType", "sending"), ("updateOutboundType", last)).moved

    def test_an_update_that_azure_refused_was_not_made(self, tmp_path: Path) -> None:
        assert not kept(tmp_path, ("updateOutboundType", "sending"), ("updateOutboundType", "refused")).moved

    def test_ranges_that_were_added_are_to_be_undone_though_the_move_was_refused(self, tmp_path: Path) -> None:
        found = kept(
            tmp_path,
            *(("authorizeIpRanges", "sending"), ("authorizeIpRanges", "succeeded")),
            *(("updateOutboundType", "sending"), ("updateOutboundType", "refused")),
        )
        assert found.undo == Undo(found.path, ("20.50.0.2",), ("52.9.9.9/32",), (), False, found.undo.profile)

    def test_the_way_back_asks_for_the_options_that_were_there(self, tmp_path: Path) -> None:
        shop = Shop.byo().routed()
        shop.network(loadBalancerProfile={"allocatedOutboundPorts": 1024})
        assert kept(tmp_path, *DONE, shop=shop).back == Request(LB, ports=1024)

    def test_the_way_back_of_what_was_refused_asks_for_no_option(self, tmp_path: Path) -> None:
        events = (("updateOutboundType", "sending"), ("updateOutboundType", "refused"))
        assert kept(tmp_path, *events, shop=Shop.byo(), to=LB, idle_timeout=9).back == Request(LB)

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schemaVersion": "2"}', '{"schemaVersion": "1"}'])
    def test_what_is_no_record_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "file").write_text(text)
        with pytest.raises(RecordError, match="is no record"):
            past.load(str(tmp_path / "file"))

    def test_a_record_without_an_outbound_type_is_refused(self, tmp_path: Path) -> None:
        path = Path(kept(tmp_path, *DONE).path)
        document = json.loads(path.read_text())
        document["before"]["cluster"]["properties"].pop("networkProfile")
        path.write_text(json.dumps(document))
        with pytest.raises(RecordError):
            past.newest(str(tmp_path), ID)


class TestWhichRecord:
    def test_the_newest_one_is_held_against_the_cluster(self, tmp_path: Path) -> None:
        kept(tmp_path, *DONE)
        newer = kept(tmp_path, *DONE, shop=Shop.byo(UDR), to="none")
        assert past.newest(str(tmp_path), ID).path == newer.path

    def test_a_rollback_is_verified_and_not_rolled_back(self, tmp_path: Path) -> None:
        first = kept(tmp_path, *DONE)
        back = kept(tmp_path, *DONE, shop=Shop.byo(UDR), to=LB, undo=Undo(first.path, (), (), (), moved=True))
        assert past.newest(str(tmp_path), ID).path == back.path
        assert past.to_undo(str(tmp_path), ID).path == first.path

    def test_an_update_that_was_sent_again_is_passed_over(self, tmp_path: Path) -> None:
        first = kept(tmp_path, *DONE)
        kept(tmp_path, *DONE, shop=Shop.byo(UDR).set(provisioningState="Failed"), to=UDR)
        assert past.to_undo(str(tmp_path), ID).path == first.path

    def test_a_record_that_cannot_be_read_is_not_passed_over(self, tmp_path: Path) -> None:
        kept(tmp_path, *DONE)
        (tmp_path / "aks-shop-29990101T000000000000Z.json").write_text("{")
        with pytest.raises(RecordError, match="aks-shop-29990101"):
            past.newest(str(tmp_path), ID)

    def test_other_files_and_other_clusters_are_ignored(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("{")
        (tmp_path / "aks-shop-2-29990101T000000000000Z.json").write_text("{")
        with pytest.raises(RecordError, match="has no record of a migration of aks-shop"):
            past.newest(str(tmp_path), ID)

    def test_a_named_record_must_be_of_the_cluster(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        with pytest.raises(RecordError, match="not of"):
            past.newest(str(tmp_path), f"{ID}-2", found.path)

    def test_letter_case_does_not_go_before_time(self, tmp_path: Path) -> None:
        older = Path(kept(tmp_path, *DONE).path)
        newer = older.with_name("AKS-SHOP-29990101T000000000000Z.json")
        newer.write_text(older.read_text())
        assert past.newest(str(tmp_path), ID).path == str(newer)

    def test_those_of_another_cluster_are_not_even_understood(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        other = json.dumps({"schemaVersion": "2", "cluster": {"id": f"{ID}-2"}})
        (tmp_path / "aks-shop-29990101T000000000000Z.json").write_text(other)
        assert past.newest(str(tmp_path), ID).path == found.path

    def test_what_is_no_folder_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file"):
            past.newest(str(tmp_path / "file"), ID)


class TestWhatOthersMayHaveWritten:
    def test_a_folder_of_it_is_not_read(self, tmp_path: Path) -> None:
        kept(tmp_path, *DONE)
        tmp_path.chmod(0o777)
        for choose in (past.newest, past.to_undo):
            with pytest.raises(NotOurs, match="others may write to this folder"):
                choose(str(tmp_path), ID)
        assert past.former_addresses(str(tmp_path), ID) == ()

    def test_a_record_of_it_is_not_passed_over(self, tmp_path: Path) -> None:
        kept(tmp_path, *DONE)
        Path(kept(tmp_path, *DONE, shop=Shop.byo(UDR), to="none").path).chmod(0o666)
        for choose in (past.newest, past.to_undo):
            with pytest.raises(NotOurs, match="others may write to this file"):
                choose(str(tmp_path), ID)

    def test_a_record_of_it_says_nothing_of_former_addresses(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        assert past.former_addresses(str(tmp_path), ID) != ()
        Path(found.path).chmod(0o666)
        assert past.former_addresses(str(tmp_path), ID) == ()

    def test_a_record_that_is_named_is_alone_where_the_folder_is_of_it(self, tmp_path: Path) -> None:
        kept(tmp_path, *TestTheRangesOfSeveralTries.RANGES, *TestTheRangesOfSeveralTries.REFUSED)
        found = kept(tmp_path, *DONE)
        tmp_path.chmod(0o777)
        assert past.to_undo("elsewhere", ID, found.path).with_it == ()


class TestTheRangesOfSeveralTries:
    RANGES = (("authorizeIpRanges", "sending"), ("authorizeIpRanges", "succeeded"))
    REFUSED = (("updateOutboundType", "sending"), ("updateOutboundType", "refused"))

    def test_an_earlier_try_that_added_them_belongs_to_the_move(self, tmp_path: Path) -> None:
        kept(tmp_path, *self.RANGES, *self.REFUSED)
        kept(tmp_path, *DONE)
        assert past.to_undo(str(tmp_path), ID).undo.added == ("52.9.9.9/32",)

    def test_a_later_run_that_only_added_them_belongs_to_the_move(self, tmp_path: Path) -> None:
        first = kept(tmp_path, *DONE)
        kept(tmp_path, *self.RANGES, shop=Shop.byo(UDR), to=UDR)
        found = past.to_undo(str(tmp_path), ID)
        assert (found.path, found.undo.added) == (first.path, ("52.9.9.9/32",))

    def test_those_of_another_abandoned_move_do_not(self, tmp_path: Path) -> None:
        kept(tmp_path, *self.RANGES, *self.REFUSED, to="none")
        kept(tmp_path, *DONE)
        assert past.to_undo(str(tmp_path), ID).undo.added == ()

    def test_a_try_that_failed_half_way_belongs_to_the_move(self, tmp_path: Path) -> None:
        kept(tmp_path, *self.RANGES, ("updateOutboundType", "sending"), ("updateOutboundType", "failed"))
        kept(tmp_path, *DONE)
        assert past.to_undo(str(tmp_path), ID).undo.added == ("52.9.9.9/32",)

    def test_they_belong_to_a_record_that_is_named_too(self, tmp_path: Path) -> None:
        kept(tmp_path, *self.RANGES, *self.REFUSED)
        found = kept(tmp_path, *DONE)
        assert past.to_undo("elsewhere", ID, found.path).undo.added == ("52.9.9.9/32",)

    def test_an_older_record_that_cannot_be_read_is_in_nobodys_way(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        (tmp_path / "aks-shop-20200101T000000000000Z.json").mkdir()
        assert past.to_undo(str(tmp_path), ID).path == found.path

    def test_those_of_another_move_do_not(self, tmp_path: Path) -> None:
        kept(tmp_path, *self.RANGES, *DONE)
        kept(tmp_path, *DONE, shop=Shop.byo(UDR), to="none")
        assert past.to_undo(str(tmp_path), ID).undo.added == ()


class TestTheWayBack:
    def test_is_not_there_by_the_record_of_an_earlier_cluster_of_the_name(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        with pytest.raises(RecordError, match="an earlier cluster"):
            past.require_way_back(found, Shop.byo(UDR, resourceUID="another").snapshot())

    def test_is_not_there_for_an_option_that_somebody_else_has_set(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE, shop=Shop.byo(), to=LB, idle_timeout=60)
        ours, theirs = (Shop.byo().network(loadBalancerProfile={"idleTimeoutInMinutes": value}) for value in (60, 90))
        past.require_way_back(found, ours.snapshot())
        with pytest.raises(NoWayBack, match="idleTimeoutInMinutes is 90"):
            past.require_way_back(found, theirs.snapshot())

    @pytest.mark.parametrize("last", [(), (("updateOutboundType", "succeeded"),)], ids=["no-wait", "interrupted"])
    def test_is_not_there_twice_whether_or_not_it_was_proven(
        self, tmp_path: Path, last: tuple[tuple[str, str], ...]
    ) -> None:
        first = kept(tmp_path, *DONE)
        events = (("updateOutboundType", "sending"), ("updateOutboundType", "accepted"), *last)
        kept(tmp_path, *events, shop=Shop.byo(UDR), to=LB, undo=first.undo)
        for found in (past.to_undo(str(tmp_path), ID), past.to_undo("elsewhere", ID, first.path)):
            with pytest.raises(NoWayBack, match="was rolled back"):
                past.require_way_back(found, Shop.byo(UDR).snapshot())

    def test_leaves_nothing_to_undo_once_it_was_gone(self, tmp_path: Path) -> None:
        first = kept(tmp_path, ("authorizeIpRanges", "sending"), ("authorizeIpRanges", "succeeded"), *DONE)
        kept(tmp_path, *DONE, shop=Shop.byo(UDR), to=LB, undo=first.undo)
        found = past.to_undo(str(tmp_path), ID)
        assert (found.moved, found.undo.added, found.back) == (False, (), Request(LB))

    def test_is_there_where_an_option_is_back_at_its_default(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE, shop=Shop.byo(), to=LB, ports=1024)
        profile = {"managedOutboundIPs": {"count": 1}}
        past.require_way_back(found, Shop.byo().network(loadBalancerProfile=profile).snapshot())

    def test_is_not_there_twice(self, tmp_path: Path) -> None:
        first = kept(tmp_path, *DONE)
        back = kept(tmp_path, *DONE, shop=Shop.byo(UDR), to=LB, undo=first.undo)
        document = json.loads(Path(back.path).read_text())
        document["steps"].append({"event": "applied"})
        Path(back.path).write_text(json.dumps(document))
        found = past.to_undo(str(tmp_path), ID)
        assert found.undone_by == back.path
        with pytest.raises(NoWayBack, match="was rolled back"):
            past.require_way_back(found, Shop.byo(UDR).snapshot())

    def test_is_there_from_the_goal_and_from_the_origin(self, tmp_path: Path) -> None:
        found = kept(tmp_path, *DONE)
        past.require_way_back(found, Shop.byo(UDR).snapshot())
        past.require_way_back(found, Shop.byo(LB).snapshot())

    def test_is_not_there_from_where_somebody_else_moved_the_cluster(self, tmp_path: Path) -> None:
        with pytest.raises(NoWayBack, match="moved again"):
            past.require_way_back(kept(tmp_path, *DONE), Shop.byo("none").snapshot())

    def test_is_not_there_from_a_goal_that_somebody_else_set(self, tmp_path: Path) -> None:
        found = kept(tmp_path, ("updateOutboundType", "sending"), ("updateOutboundType", "refused"))
        with pytest.raises(NoWayBack, match="somebody else"):
            past.require_way_back(found, Shop.byo(UDR).snapshot())


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

    def test_the_number_of_records_is_bounded(self, tmp_path: Path, monkeypatch: Any) -> None:
        self.write(tmp_path)
        self.write(tmp_path, "aks-shop-20260102T000000000000Z.json", before={"egressIps": ["52.0.0.7"]})
        monkeypatch.setattr(past, "MOST_RECORDS", 1)
        assert past.former_addresses(str(tmp_path), cluster_id(CLUSTER)) == ("52.0.0.7",)

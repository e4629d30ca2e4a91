"""Whatever Azure answers to one read: told as a reason in words, bounded in size and time, and no token goes astray."""

from __future__ import annotations

import json
import resource
from itertools import count
from typing import Any, Callable

import pytest
from azure.core.exceptions import AzureError, ServiceResponseError

from azext_aksegress import answers, questions, resources, wire
from azext_aksegress.snapshot import Answer as Found
from azext_aksegress.snapshot import Unread
from tests.armsim.arm import Answer, Arm, Request
from tests.armsim.estate import network_id
from tests.armsim.faults import BadGateway, Dropped, Fault, Latency, Reset, Throttled, Unavailable
from tests.armsim.server import LocalAzure
from tests.hostile.answers import NESTED, NO_JSON, bomb, dripping, endless, whole

SUBNET = network_id("virtualNetworks", "vnet-shop") + "/subnets/snet-apps"
NETWORKS = network_id("virtualNetworks", "x").rsplit("/", 1)[0]
ALWAYS = 99


def read(reader: Any, arm: Arm, fault: Fault, asked: str = SUBNET) -> Found:
    arm.fault("GET", asked, fault, times=ALWAYS)
    return answers.answer(reader.arm, asked)


def reason(found: Found) -> str:
    assert isinstance(found, Unread)
    return found.reason


class TestContent:
    @pytest.mark.parametrize("kind", NO_JSON)
    def test_what_says_nothing_certain_was_not_read(self, reader: Any, arm: Arm, kind: str) -> None:
        assert reason(read(reader, arm, whole(NO_JSON[kind]))) == "the answer is not JSON"
        assert len(arm.journal) == 1

    @pytest.mark.parametrize("charset", ["utf-16", "utf-7", "rot13", "zlib", "no such", "\x1b[2J"])
    def test_json_is_utf_8_whatever_it_calls_itself(self, reader: Any, arm: Arm, charset: str) -> None:
        headers = {"Content-Type": f"application/json; charset={charset!a}"}
        assert read(reader, arm, whole(b'{"id": "\xc3\xa9"}', **headers)) == {"id": "é"}

    @pytest.mark.parametrize("kind", ["text/html", "application/xml", "image/png", ""])
    def test_what_it_calls_itself_does_not_matter(self, reader: Any, arm: Arm, kind: str) -> None:
        assert read(reader, arm, whole(b'{"id": "x"}', **{"Content-Type": kind})) == {"id": "x"}

    @pytest.mark.parametrize("status", [400, 404, 500])
    @pytest.mark.parametrize("error", [None, 7, "x", [], [1], {"code": {"a": 1}, "message": 7}, {"details": [[]] * 9}])
    def test_a_refusal_may_say_anything(self, reader: Any, arm: Arm, status: int, error: object) -> None:
        assert reason(read(reader, arm, Answer({"error": error}, status)))

    @pytest.mark.parametrize(
        "read_by",
        [
            lambda reader: reader.get(SUBNET, "1"),
            lambda reader: reader.list(SUBNET, "1"),
            lambda reader: reader.operation(reader._client.format_url(SUBNET)),
            lambda reader: reader.look(reader._client.format_url(SUBNET)),
        ],
    )
    def test_one_whose_details_nest_without_end_is_an_error_of_azure_with_its_status(
        self, reader: Any, arm: Arm, read_by: Callable[[Any], object]
    ) -> None:
        arm.fault("GET", SUBNET, whole(NESTED, 403), times=ALWAYS)
        with pytest.raises(AzureError) as raised:
            read_by(reader.arm)
        assert getattr(raised.value, "status_code", 0) == 403
        assert "HTTP 403" in resources.said(raised.value)

    def test_a_refusal_is_told_in_few_words_however_many_it_has(self, reader: Any, arm: Arm) -> None:
        long = "a\nb " * 1_000_000
        found = reason(read(reader, arm, Answer({"error": {"code": long, "message": long}}, 400)))
        assert len(found) <= resources.LONGEST_WORDS + 20
        assert "\n" not in found

    @pytest.mark.parametrize("after", ["nan", "inf", "-inf", "1e9", "-5", "soon", "99999999999999999999"])
    def test_nobody_waits_for_as_long_as_azure_likes(self, reader: Any, arm: Arm, after: str) -> None:
        assert "throttled" in reason(read(reader, arm, Answer({}, 429, {"Retry-After": after})))

    def test_an_operation_is_looked_at_again_within_a_minute(self, azure: LocalAzure, reader: Any, arm: Arm) -> None:
        url = f"{azure.url}{SUBNET}/operations/x?api-version=1"
        for header, value in (("Retry-After", "inf"), ("Retry-After", "1e12"), ("x-ms-retry-after-ms", "1e300")):
            arm.fault("GET", "/operations/", Answer({"status": "InProgress"}, 200, {header: value}))
            assert reader.arm.operation(url) == ({"status": "InProgress"}, resources.LONGEST_PAUSE)


class TestSize:
    def test_an_answer_without_end_is_cut_off_and_not_asked_for_again(self, reader: Any, arm: Arm) -> None:
        assert reason(read(reader, arm, endless())) == "the answer is larger than 32 MiB"
        assert len(arm.journal) == 1

    def test_a_subnet_in_which_all_addresses_of_the_largest_network_are_in_use_is_read(
        self, reader: Any, arm: Arm
    ) -> None:
        machines = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/" + "g" * 90
        interface = f"{machines}/providers/Microsoft.Network/networkInterfaces/{'n' * 50}/ipConfigurations/ipconfig"
        rows = [{"id": f"{interface}{number:05}"} for number in range(65_536)]
        assert len(json.dumps(rows[0])) > 270
        found = read(reader, arm, Answer({"id": SUBNET, "properties": {"ipConfigurations": rows}}))
        assert isinstance(found, dict)
        assert len(found["properties"]["ipConfigurations"]) == len(rows)

    def test_a_bomb_is_not_unpacked(self, reader: Any, arm: Arm) -> None:
        packed, before = bomb(), _peak()
        assert reason(read(reader, arm, packed)) == "the answer is larger than 32 MiB"
        assert _peak() - before < 200 << 20

    @pytest.mark.parametrize("packed", ["gzip, gzip", "br", "zstd", "deflate", "identity, gzip", "no such"])
    def test_what_is_packed_as_nobody_asked_is_not_unpacked(self, reader: Any, arm: Arm, packed: str) -> None:
        found = reason(read(reader, arm, whole(b"{}", **{"Content-Encoding": packed})))
        assert found == "the answer is packed in a way that was not asked for"

    def test_what_is_packed_as_asked_is_read(self, reader: Any, arm: Arm) -> None:
        assert reason(read(reader, arm, bomb(megabytes=1))) == "the answer is not JSON"

    def test_large_answers_are_bounded_together_until_the_next_reading(self, reader: Any, arm: Arm) -> None:
        large = whole(b'{"id": "' + b"x" * (wire.LARGEST - 100) + b'"}')
        arm.fault("GET", SUBNET, large, times=ALWAYS)
        for _ in range(4):
            assert isinstance(answers.answer(reader.arm, SUBNET), dict)
        assert reason(answers.answer(reader.arm, SUBNET)) == "Azure's answers are larger than 128 MiB together"
        reader.arm.begin()
        assert isinstance(answers.answer(reader.arm, SUBNET), dict)


def _peak() -> int:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class TestTime:
    def test_an_answer_that_drips_is_not_waited_for(
        self, reader: Any, arm: Arm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "LONGEST", 0.5)
        assert reason(read(reader, arm, dripping(0.03))) == "Azure gave no answer"


class TestAnAction:
    @pytest.mark.parametrize(
        "fault", [Reset(), Dropped(), BadGateway(), Unavailable(), Unavailable(1), Throttled(1), Latency(1)], ids=repr
    )
    def test_is_sent_once_whatever_comes_of_it(
        self, reader: Any, arm: Arm, fault: Fault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(resources.ONCE, "read_timeout", 0.5)
        arm.fault("POST", "/runCommand", fault, times=ALWAYS)
        with pytest.raises(AzureError):
            reader.arm.act(SUBNET, "runCommand", {"commandId": "x"})
        assert len(arm.journal) == 1

    def test_has_a_minute_to_begin(self, reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        seconds: list[float] = []

        def send(_: object, **options: Any) -> Any:
            seconds.append(options["read_timeout"])
            raise ServiceResponseError("slow")

        monkeypatch.setattr(reader.arm._client._pipeline._transport, "send", send)
        with pytest.raises(ServiceResponseError):
            reader.arm.act(SUBNET, "runCommand", {"commandId": "x"})
        assert seconds == [60]

    def test_a_question_is_asked_again(self, reader: Any, arm: Arm) -> None:
        arm.fault("POST", questions.GRAPH, Reset())
        answers.answer(reader.arm, questions.GRAPH, {"query": "x"})
        assert len(arm.journal) == 2


class TestPages:
    def elsewhere(self, azure: LocalAzure) -> list[str]:
        path, port = f"{NETWORKS}?api-version=1&$skiptoken=x", azure.port
        return [
            f"https://localhost:{port}{path}",
            f"//localhost:{port}{path}",
            f"https:/localhost:{port}{path}",
            f"https://127.0.0.1:{port}@localhost:{port}{path}",
            f"https://127.0.0.1:{port}.localhost:{port}{path}",
            f"https://127.0.0.1:{port}\\@localhost:{port}{path}",
            f"https://127.0.0.1:{port}#@localhost:{port}{path}",
            f"https://127.0.0.1:{port}?@localhost:{port}{path}",
            f"https://127.0.0.1:{port}\n@localhost:{port}{path}",
            f"http://127.0.0.1:{port}{path}",
            f"https://127.0.0.1:{port + 1}{path}",
            f"https://127.0.0.1{path}",
            f"https://127.0.0.1:{port}",
            f" https://127.0.0.1:{port}{path}",
            "file:///etc/passwd",
            "javascript:alert(1)",
            path,
            "x",
        ]

    def test_none_is_followed_to_another_host(self, azure: LocalAzure, reader: Any, arm: Arm) -> None:
        for link in self.elsewhere(azure):
            arm.faults, arm.journal = type(arm.faults)(), []
            found = read(reader, arm, Answer({"value": [], "nextLink": link}), NETWORKS)
            assert reason(found) == "the next page is on another host", link
            assert len(arm.journal) == 1

    def test_one_that_points_at_itself_is_read_once_more_and_no_more(
        self, azure: LocalAzure, reader: Any, arm: Arm
    ) -> None:
        link = f"{azure.url}{NETWORKS}?api-version=1"
        found = read(reader, arm, Answer({"value": [], "nextLink": link}), NETWORKS)
        assert reason(found) == "the pages go round in a circle"
        assert len(arm.journal) == 2

    def test_those_without_end_come_to_one(
        self, azure: LocalAzure, reader: Any, arm: Arm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = count()

        def another_page(*_: object) -> Answer:
            return Answer({"value": [{"id": "x"}], "nextLink": f"{azure.url}{NETWORKS}?$skiptoken={next(numbers)}"})

        monkeypatch.setattr(arm.faults, "around", another_page)
        assert reason(answers.answer(reader.arm, NETWORKS)) == f"more than {resources.MAX_PAGES} pages"
        assert len(arm.journal) == resources.MAX_PAGES + 1

    def test_nor_do_slow_ones(self, azure: LocalAzure, reader: Any, arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(resources, "LONGEST_LIST", 0)
        found = read(reader, arm, Answer({"value": [], "nextLink": f"{azure.url}{NETWORKS}?next"}), NETWORKS)
        assert reason(found) == "the pages take more than 0 seconds"

    @pytest.mark.parametrize("link", [7, True, [], {}, ""])
    def test_a_link_that_is_no_text_is_none(self, reader: Any, arm: Arm, link: object) -> None:
        assert read(reader, arm, Answer({"value": [], "nextLink": link}), NETWORKS) == ()

    def test_nor_do_those_of_a_question_go_on_for_ever(self, reader: Any, arm: Arm) -> None:
        arm.fault("POST", questions.GRAPH, Answer({"data": [], "$skipToken": "again"}), times=ALWAYS)
        found = answers.answer(reader.arm, questions.GRAPH, {"query": "x"})
        assert reason(found) == "the pages go round in a circle"


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_none_is_followed(self, azure: LocalAzure, reader: Any, arm: Arm, status: int) -> None:
        for host in ("localhost", "127.0.0.1"):
            location = {"Location": f"https://{host}:{azure.port}/elsewhere?api-version=1"}
            assert reason(read(reader, arm, Answer({}, status, location))) == f"HTTP {status}"
        assert {request.path for request in arm.journal} == {SUBNET}


class TestIds:
    @pytest.mark.parametrize(
        "resource_id",
        [
            "/subscriptions/x/../../tenants/y",
            "/subscriptions/x/./y",
            "/subscriptions/x/..",
            "/subscriptions/x/%2e%2e/y",
            "/subscriptions/x/a\tb",
            "/subscriptions/x/a\nb",
            "/subscriptions/x/a\r\nHost: evil",
            "/subscriptions/x/a\x00b",
            "/subscriptions/x/a\x9bb",
            "/subscriptions/x/y\n",
            "/subscriptions/x//y",
            "/subscriptions//evil.example/y",
            "/subscriptions/x\\y/z",
            "/subscriptions/" + "x" * resources.LONGEST_ID,
            "/subscriptions" + "/x" * 1_000_000,
        ],
        ids=lambda found: repr(found[:40]),
    )
    def test_what_would_be_another_path_on_its_way_is_not_asked_for(
        self, reader: Any, arm: Arm, resource_id: str
    ) -> None:
        assert reason(answers.answer(reader.arm, resource_id)) == "is not the id of an Azure resource"
        assert arm.journal == []

    @pytest.mark.parametrize(
        "name", ["a b", "a;b", "a&b", "$(x)", "`x`", "a'b", 'a"b', "<b>", "a|b", "...", "é", "a:b@c"]
    )
    def test_a_name_arrives_as_it_is(self, reader: Any, arm: Arm, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Request] = []

        def noted(request: Request, _: object) -> Answer:
            seen.append(request)
            return Answer({"id": "x"})

        monkeypatch.setattr(arm.faults, "around", noted)
        answers.answer(reader.arm, f"/subscriptions/x/resourceGroups/{name}/providers/Microsoft.Network/routeTables/t")
        assert seen[0].path.split("/")[4] == name

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Callable, Mapping

import pytest
from azure.core.exceptions import ServiceRequestError

from azext_aksegress import asking, probe
from azext_aksegress.cluster import Cluster
from azext_aksegress.probe import Answer, Inquiry, Told
from azext_aksegress.read import complete
from azext_aksegress.resources import NotAsked
from azext_aksegress.snapshot import Unread
from tests.builders import Shop
from tests.scripted import played, refused

NONCE = "0a1b2c3d"
OPERATION, RESULT = "https://azure/operations/1", "https://azure/operations/1?monitor=true"
BOTH = {"Azure-AsyncOperation": OPERATION, "Location": RESULT}

pytestmark = pytest.mark.usefixtures("no_waiting", "nonce")


@pytest.fixture
def nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking.secrets, "token_hex", lambda _: NONCE)


def response(document: Any = None, status: int = 200, **headers: str) -> Any:
    """An answer of Azure; without a document its body is empty."""
    text = "" if document is None else json.dumps(document)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return SimpleNamespace(status_code=status, headers=named, content=text.encode())


def accepted(**headers: str) -> Any:
    return response(None, 202, **headers)


class Asked:
    """One cluster with a node on each of two subnets, and an Azure that answers the first one as a script says."""

    def __init__(self, *script: Any) -> None:
        shop = Shop.byo("userAssignedNATGateway")
        self.cluster = Cluster(complete(shop.snapshot(), shop.fetch, (), probe.wanted))
        self.subnet = shop.subnets["snet-apps"]
        self.inquiry = probe.inquiry(self.cluster, None)
        self.script = list(script)
        self.begun: list[str] = []
        self.looked_at: list[str] = []
        self.phases: list[str] = []

    def runner(self, action: str) -> Asked:
        self.action = action
        return self

    def act(self, node_id: str, action: str, body: Mapping[str, Any]) -> Any:
        if "-apps-" not in node_id:
            return response({"value": [{"message": whole(self.inquiry)}]})
        self.begun.append(node_id)
        return played(self.script)

    def look(self, url: str) -> Any:
        self.looked_at.append(url)
        return played(self.script)

    def __call__(self) -> Answer:
        answers = asking.ask(self, self.cluster, self.inquiry, self.phases.append)
        assert len(answers) == 2
        return answers[self.subnet.lower()]


def whole(inquiry: Inquiry) -> str:
    """What a node says that is answered by everybody."""
    lines = [
        f"aksegress {number} 0 {'52.0.0.2' if row.tells else '200'}" for number, row in enumerate(inquiry.questions, 1)
    ]
    return "\n".join([f"aksegress begin {NONCE}", *lines, f"aksegress end {NONCE}"])


def value(inquiry: Inquiry) -> dict[str, Any]:
    return {"value": [{"code": "ProvisioningState/succeeded", "message": f"[stdout]\n{whole(inquiry)}\n[stderr]\n"}]}


class TestAnAnswer:
    def told(self, *script: Callable[[Inquiry], Any]) -> tuple[Asked, Answer]:
        asked = Asked()
        asked.script = [made(asked.inquiry) for made in script]
        return asked, asked()

    def test_may_come_at_once(self) -> None:
        _, answer = self.told(lambda row: response(value(row)))
        assert isinstance(answer, Told)

    def test_comes_with_the_operation(self) -> None:
        asked, answer = self.told(
            lambda _: accepted(**BOTH),
            lambda _: response({"status": "InProgress"}),
            lambda row: response({"status": "Succeeded", "properties": {"output": value(row)}}),
        )
        assert isinstance(answer, Told)
        assert asked.looked_at == [OPERATION, OPERATION]

    def test_comes_from_the_location_where_the_operation_does_not_bring_it(self) -> None:
        asked, answer = self.told(
            lambda _: accepted(**BOTH),
            lambda _: response({"status": "Succeeded"}),
            lambda row: response(value(row)),
        )
        assert isinstance(answer, Told)
        assert asked.looked_at == [OPERATION, RESULT]

    def test_comes_from_the_location_alone(self) -> None:
        _, answer = self.told(
            lambda _: accepted(Location=RESULT), lambda _: accepted(), lambda row: response(value(row))
        )
        assert isinstance(answer, Told)

    @pytest.mark.parametrize(
        "first",
        [
            pytest.param([refused(409)], id="does not run"),
            pytest.param([refused(404)], id="is gone"),
            pytest.param([accepted(**BOTH), response({"status": "Failed"})], id="is sick"),
            pytest.param([response({"value": [{"message": "hello"}]})], id="says something else"),
        ],
    )
    def test_is_that_of_another_node_where_the_first(self, first: list[Any]) -> None:
        asked, answer = self.told(*(lambda _, row=row: row for row in first), lambda row: response(value(row)))
        assert isinstance(answer, Told)
        assert len(set(asked.begun)) == 2


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("script", "words"),
        [
            pytest.param([accepted(Location=RESULT), response({"value": []})], "says nothing", id="empty"),
            pytest.param([accepted()], "says nothing", id="nowhere to look"),
            pytest.param([response(None)], "says nothing", id="no JSON"),
            pytest.param([response([1])], "says nothing", id="another JSON"),
            pytest.param([response({"value": [{"message": "hello"}]})], "not whole", id="other words"),
            pytest.param([accepted(**BOTH), response({"status": "Failed"})], "the command failed", id="failed"),
            pytest.param([accepted(**BOTH), response({"status": "Canceled"})], "the command canceled", id="canceled"),
            pytest.param([accepted(**BOTH), NotAsked("Azure names another host")], "another host", id="another host"),
            pytest.param([ServiceRequestError("reset")], "no answer", id="reset"),
            pytest.param([refused(500)], "HTTP 500", id="error"),
            pytest.param([refused(429)], "throttled", id="throttled"),
        ],
    )
    def test_is_unread_and_says_why(self, script: list[Any], words: str) -> None:
        answer = Asked(*script * asking.TRIES)()
        assert isinstance(answer, Unread)
        assert words in str(answer)
        assert "snet-apps: aks-apps-" in str(answer)

    def test_names_the_right_that_is_missing_and_asks_nobody_else(self) -> None:
        asked = Asked(refused(403))
        answer = asked()
        assert isinstance(answer, Unread)
        assert answer.permission == "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"
        assert len(asked.begun) == 1

    def test_of_a_group_that_is_locked_down_names_the_lock(self) -> None:
        asked = Asked(refused(403))
        asked.cluster.document["properties"]["nodeResourceGroupProfile"] = {"restrictionLevel": "ReadOnly"}
        answer = asked()
        assert isinstance(answer, Unread)
        assert "restrictionLevel" in str(answer)
        assert answer.permission is None

    def test_is_looked_for_no_more_often_than_once_a_second(self, no_waiting: list[float]) -> None:
        hurried = accepted(**{**BOTH, "x-ms-retry-after-ms": "0.001"})
        Asked(hurried, *[response({"status": "InProgress"}, x_ms_retry_after_ms="0.001")] * 1000)()
        assert len(no_waiting) <= asking.TIMEOUT / asking.SHORTEST_POLL + 1

    def test_is_waited_for_only_so_long(self, no_waiting: list[float]) -> None:
        asked = Asked(accepted(Location=RESULT), *[accepted()] * 1000)
        answer = asked()
        assert isinstance(answer, Unread)
        assert "no answer within" in str(answer)
        assert sum(no_waiting) == pytest.approx(asking.TIMEOUT, abs=2 * asking.LONGEST_POLL)

    def test_of_so_many_nodes_is_enough(self) -> None:
        asked = Asked(*[refused(409)] * 10)
        assert isinstance(asked(), Unread)
        assert len(asked.begun) == min(asking.TRIES, 3)

    def test_keeps_no_answer_of_another_subnet_back(self) -> None:
        asked = Asked(refused(500))
        answers = asking.ask(asked, asked.cluster, asked.inquiry, lambda _: None)
        assert sorted(isinstance(found, Told) for found in answers.values()) == [False, True]


def test_ctrl_c_ends_the_waiting() -> None:
    asked = Asked(accepted(Location=RESULT), *[accepted()] * 1000)

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asking.ask(asked, asked.cluster, asked.inquiry, interrupted)


def test_only_the_command_that_was_announced_may_be_sent() -> None:
    asked = Asked(refused(500))
    asked()
    assert asked.action == "runCommand"

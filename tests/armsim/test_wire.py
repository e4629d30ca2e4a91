"""What a client hears on the wire when the local Azure is told to go wrong."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from typing import Any, Callable, Iterator

import pytest

from tests.armsim.arm import Arm
from tests.armsim.estate import Estate, cluster_id
from tests.armsim.faults import After, Dropped, HalfAnswer, Html, Latency, Reset, Throttled
from tests.armsim.server import HOST, LocalAzure

CLUSTER = cluster_id("aks-shop")
URL = f"{CLUSTER}?api-version=2026-06-01"
Send = Callable[..., http.client.HTTPResponse]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    with LocalAzure(Arm(Estate()), tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def arm(azure: LocalAzure) -> Arm:
    azure.arm = Arm(Estate())
    azure.arm.estate.cluster("aks-shop")
    return azure.arm


@pytest.fixture
def send(azure: LocalAzure) -> Iterator[Send]:
    trust = ssl.create_default_context(cafile=str(azure.ca))
    opened: list[Any] = []

    def request(method: str = "GET", body: Any = None, token: str = "Bearer x") -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(HOST, azure.port, context=trust, timeout=10)
        opened.append(connection)
        text = body if isinstance(body, (str, type(None))) else json.dumps(body)
        connection.request(method, URL, text, {"Authorization": token})
        answer = connection.getresponse()
        opened.append(answer)
        return answer

    yield request
    for found in opened:
        found.close()


RESETS = (ConnectionResetError, http.client.RemoteDisconnected, ssl.SSLError)


def to_none(arm: Arm) -> Any:
    document = arm.estate[CLUSTER]
    properties = {**document["properties"], "bootstrapProfile": {"artifactSource": "Cache"}}
    return {
        "location": document["location"],
        "properties": {**properties, "networkProfile": {"outboundType": "none"}},
    }


def stored_type(arm: Arm) -> str:
    found: str = arm.estate[CLUSTER]["properties"]["networkProfile"]["outboundType"]
    return found


def test_a_reset_arrives_as_one_and_nothing_was_applied(arm: Arm, send: Send) -> None:
    arm.fault("PUT", "/managedclusters/", Reset())
    with pytest.raises(RESETS):
        send("PUT", body=to_none(arm))
    (told,) = arm.journal
    assert (told.status, told.fault, told.applied) == (0, "Reset", False)
    assert stored_type(arm) == "loadBalancer"


def test_a_dropped_answer_arrives_as_a_reset_and_the_change_is_there(arm: Arm, send: Send) -> None:
    arm.fault("PUT", "/managedclusters/", Dropped())
    with pytest.raises(RESETS):
        send("PUT", body=to_none(arm))
    (told,) = arm.journal
    assert (told.status, told.fault, told.applied) == (0, "Dropped", True)
    assert stored_type(arm) == "none"


def test_half_an_answer_ends_before_its_length(arm: Arm, send: Send) -> None:
    arm.fault("GET", "/managedclusters/", HalfAnswer())
    answer = send()
    assert answer.status == 200
    with pytest.raises((http.client.IncompleteRead, *RESETS)):
        answer.read()
    assert [(told.status, told.fault, told.applied) for told in arm.journal] == [(200, "HalfAnswer", True)]


def test_after_every_kind_of_cut_the_next_connections_are_whole(arm: Arm, send: Send) -> None:
    for fault in (Reset(), Dropped(), HalfAnswer()) * 5:
        arm.fault("GET", "/managedclusters/", fault)
        with pytest.raises((http.client.IncompleteRead, *RESETS)):
            send().read()
        assert json.loads(send().read())["name"] == "aks-shop"


def test_what_happens_after_an_answer_finds_it_with_the_caller(arm: Arm, send: Send) -> None:
    received, done, found = threading.Event(), threading.Event(), []

    def look() -> None:
        found.append(received.wait(10))
        done.set()

    arm.fault("GET", "/managedclusters/", After(look))
    assert json.loads(send().read())["name"] == "aks-shop"
    received.set()
    assert done.wait(10)
    assert found == [True]


def test_retry_after_is_a_header(arm: Arm, send: Send) -> None:
    arm.fault("GET", "/managedclusters/", Throttled(retry_after=7))
    arm.fault("GET", "/managedclusters/", Throttled())
    first, second = send(), send()
    assert (first.status, first.headers["Retry-After"]) == (429, "7")
    assert (second.status, second.headers["Retry-After"]) == (429, None)


def test_a_page_of_a_proxy_is_html(arm: Arm, send: Send) -> None:
    arm.fault("GET", "/managedclusters/", Html())
    answer = send()
    assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
    assert answer.read().startswith(b"<html>")


def test_a_late_answer_is_the_truth(arm: Arm, send: Send) -> None:
    arm.fault("GET", "/managedclusters/", Latency(0.001))
    assert json.loads(send().read())["name"] == "aks-shop"


def test_a_body_that_is_no_json_is_refused(arm: Arm, send: Send) -> None:
    answer = send("PUT", body="{")
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (400, "InvalidRequestContent")


def test_without_a_token_nothing_is_answered(arm: Arm, send: Send) -> None:
    assert send(token="").status == 401

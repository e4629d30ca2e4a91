"""Faults by method, path and count, as an Arm answers through them; what is cut on the wire is in test_wire."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.armsim.arm import Answer, Refusal
from tests.armsim.caller import CLUSTER, managed
from tests.armsim.faults import (
    After,
    BadGateway,
    Before,
    Dropped,
    HalfAnswer,
    Html,
    Latency,
    Reset,
    Throttled,
    Unavailable,
)

PART = "/managedclusters/"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Throttled(), 429),
        (Unavailable(), 503),
        (BadGateway(), 502),
        (Html(), 200),
        (Html(407), 407),
        (Answer({"x": 1}, 418), 418),
        (Refusal(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier."), 401),
        (Refusal(409, "Conflict", "Somebody was faster.", by_arm=False), 409),
    ],
)
def test_each_answers_once_in_the_place_of_the_truth(fault: Any, status: int) -> None:
    azure = managed()
    azure.arm.fault("GET", PART, fault)
    first, second = azure.send("GET", CLUSTER), azure.send("GET", CLUSTER)
    assert (first.status, first.applied, first.fault) == (status, False, type(fault).__name__)
    assert (second.status, second.applied, second.fault) == (200, True, "")


@pytest.mark.parametrize("fault", [Throttled(3), Unavailable(3)])
def test_retry_after_is_told_where_it_is_given(fault: Any) -> None:
    azure = managed()
    azure.arm.fault("GET", PART, fault)
    assert azure.send("GET", CLUSTER).headers["Retry-After"] == "3"


def test_so_many_requests_after_so_many() -> None:
    azure = managed()
    azure.arm.fault("GET", PART, BadGateway(), times=2, skip=1)
    assert [azure.send("GET", CLUSTER).status for _ in range(4)] == [200, 502, 502, 200]


def test_only_requests_of_that_method_and_path_count() -> None:
    azure = managed()
    azure.arm.fault("PUT", PART, BadGateway())
    azure.arm.fault("*", "/elsewhere", BadGateway())
    assert azure.send("GET", CLUSTER).status == 200
    assert azure.send("HEAD", f"{CLUSTER}/elsewhere").status == 502
    assert azure.begin().status == 502


def test_a_pattern_is_one_for_the_whole_path() -> None:
    azure = managed()
    azure.arm.fault("GET", re.compile(r".*/managedClusters/[^/]+", re.I), BadGateway(), times=2)
    assert azure.send("GET", f"{CLUSTER}/agentPools").status == 200
    assert azure.send("GET", CLUSTER).status == 502


def test_faults_take_turns_in_the_order_in_which_they_were_asked_for() -> None:
    azure = managed()
    azure.arm.fault("GET", PART, Throttled())
    azure.arm.fault("GET", PART, Unavailable())
    assert [azure.send("GET", CLUSTER).status for _ in range(3)] == [429, 503, 200]


def test_a_change_by_somebody_else_happens_just_before() -> None:
    azure = managed()
    etag = azure.get(CLUSTER)["eTag"]
    azure.arm.fault("PUT", PART, Before(lambda: azure.estate[CLUSTER].update(eTag="another")))
    answer = azure.put(CLUSTER, azure.body(), if_match=etag)
    assert (answer.status, answer.fault, answer.applied) == (412, "Before", False)


def test_latency_and_a_change_go_together_with_what_answers() -> None:
    azure = managed()
    happened: list[int] = []
    azure.arm.fault("GET", PART, Before(lambda: happened.append(1)))
    azure.arm.fault("GET", PART, Latency(2))
    azure.arm.fault("GET", PART, BadGateway())
    answer = azure.send("GET", CLUSTER)
    assert (happened, answer.delay, answer.status, answer.fault) == ([1], 2, 502, "BadGateway")


def test_what_happens_after_an_answer_waits_for_the_wire() -> None:
    azure = managed()
    happened: list[int] = []
    azure.arm.fault("GET", PART, After(lambda: happened.append(1)))
    answer = azure.send("GET", CLUSTER)
    assert (answer.status, answer.applied, happened) == (200, True, [])
    assert answer.then


@pytest.mark.parametrize(("fault", "cut"), [(Dropped(), "reset"), (HalfAnswer(), "half")])
def test_what_is_cut_after_the_fact_was_applied(fault: Any, cut: str) -> None:
    azure = managed()
    azure.arm.fault("PUT", PART, fault)
    answer = azure.begin("managedNATGateway")
    assert (answer.cut, answer.applied) == (cut, True)
    assert azure.network["outboundType"] == "managedNATGateway"


def test_what_is_cut_before_was_not() -> None:
    azure = managed()
    azure.arm.fault("PUT", PART, Reset())
    answer = azure.begin("managedNATGateway")
    assert (answer.cut, answer.heard, answer.applied) == ("reset", 0, False)
    assert azure.network["outboundType"] == "loadBalancer"


def test_a_refused_request_that_is_dropped_was_not_applied() -> None:
    azure = managed()
    azure.arm.fault("PUT", PART, Dropped())
    assert azure.begin("userDefinedRouting").applied is False

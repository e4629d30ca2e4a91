"""An Azure that answers badly: told in a sentence, never a traceback, never a lie, no word to another host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.armsim.arm import Answer, Arm
from tests.armsim.cli import Az, Result
from tests.armsim.faults import Before
from tests.builders import Shop

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UDR = "userDefinedRouting"
Serve = Callable[[Shop], Arm]
HTML = Answer("<html>a proxy's page</html>")
MANAGED_CLUSTER, OPERATION = "/managedclusters/aks-shop", "/operations/"


def error(status: int, code: str = "SomeCode") -> Answer:
    return Answer({"error": {"code": code, "message": "what the service says"}}, status)


def migrate(az: Az) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes")


def steps(az: Az) -> list[str]:
    """The events in the newest record."""
    newest = max((az.folder / "azure" / "aksegress").glob("aks-shop-*.json"), key=lambda path: path.name)
    return [step["event"] for step in json.loads(Path(newest).read_text())["steps"]]


class TestReadingTheCluster:
    @pytest.mark.parametrize(
        "answer",
        [HTML, Answer(""), Answer("null"), Answer([]), Answer({}), Answer("{"), error(502), Answer("<html>", 502)],
        ids=["html", "empty", "null", "list", "object", "half", "502", "502-html"],
    )
    def test_an_answer_that_is_no_cluster_is_told(self, each_az: Az, serve: Serve, answer: Answer) -> None:
        arm = serve(Shop.byo())
        for _ in range(6):
            arm.fault("GET", MANAGED_CLUSTER, answer)
        result = each_az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        assert (result.code, result.out) == (1, "")
        assert "aks-shop" in result.err
        assert "Traceback" not in result.err

    @pytest.mark.parametrize(("status", "code"), [(401, 1), (403, 1), (404, 3), (500, 1)])
    def test_a_refused_read_is_told_once_and_with_its_cure(self, az: Az, serve: Serve, status: int, code: int) -> None:
        arm = serve(Shop.byo())
        for _ in range(6):
            arm.fault("GET", MANAGED_CLUSTER, error(status))
        result = az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        assert result.code == code
        assert result.err.count("what the service says") == 1

    def test_a_redirect_to_another_host_is_not_followed(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo())
        elsewhere = f"https://localhost:{az.azure.port}/somewhere"
        arm.fault("GET", MANAGED_CLUSTER, Answer({}, 307, {"Location": elsewhere}))
        assert az("aks", "egress", "check", *CLUSTER, "--to", UDR).code == 1
        assert not [request for request in arm.journal if request.headers["Host"].startswith("localhost")]

    def test_a_part_that_answers_badly_leaves_it_undetermined(self, az: Az, serve: Serve) -> None:
        for answer in (HTML, Answer("null"), error(401), Answer({})):
            arm = serve(Shop.byo().routed())
            arm.fault("GET", "/subnets/snet-apps", answer, times=9)  # of it, and of the list of permissions on it
            result = az("aks", "egress", "check", *CLUSTER, "--to", UDR)
            assert result.code == 5
            assert "Traceback" not in result.err

    def test_an_older_api_version_is_used_where_the_cloud_knows_no_newer_one(self, each_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        message = "No registered resource provider found. The supported api-versions are '2025-10-01, 2027-01-01'."
        unknown = {"error": {"code": "NoRegisteredProviderFound", "message": message}}
        arm.fault("GET", MANAGED_CLUSTER, Answer(unknown, 400))
        result = each_az("aks", "egress", "check", *CLUSTER, "--to", UDR)
        assert result.code == 0
        assert "answers with api-version 2025-10-01" in result.err
        assert arm.journal[1].query["api-version"] == "2025-10-01"


class TestTheUpdate:
    def test_unclear_answers_that_did_not_land_are_sent_again_and_land_once(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        for answer in (HTML, Answer("null"), error(500)):
            arm.fault("PUT", MANAGED_CLUSTER, answer)
        result = migrate(each_az)
        assert (result.code, result.json["outcome"]) == (0, "applied")
        assert [request.status for request in arm.writes][-1] == 200
        assert shop.document["properties"]["networkProfile"]["outboundType"] == UDR

    @pytest.mark.parametrize(("status", "cure"), [(400, "az aks egress check"), (403, "managedClusters/write")])
    def test_a_refusal_is_told_with_code_record_and_cure(self, az: Az, serve: Serve, status: int, cure: str) -> None:
        arm = serve(Shop.byo().routed())
        arm.fault("PUT", MANAGED_CLUSTER, error(status, "TheCode"))
        result = migrate(az)
        assert result.code == 1
        assert "(TheCode) what the service says" in result.err
        assert cure in result.err
        assert "The record of what was there before is" in result.err
        assert len(arm.writes) == 1

    def test_a_redirect_carries_the_cluster_to_no_other_host(self, az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        elsewhere = f"https://localhost:{az.azure.port}{MANAGED_CLUSTER}?api-version=1"
        arm.fault("PUT", MANAGED_CLUSTER, Answer({}, 307, {"Location": elsewhere}))
        assert migrate(az).code == 1
        assert not [request for request in arm.journal if request.headers["Host"].startswith("localhost")]

    def test_an_operation_on_another_host_is_not_asked(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        shop.network(outboundType="loadBalancer")
        elsewhere = {"Azure-AsyncOperation": f"https://localhost:{az.azure.port}/operations/x?api-version=1"}
        answer = Answer(dict(shop.document), 200, elsewhere)
        arm.fault("PUT", MANAGED_CLUSTER, answer)
        result = migrate(az)
        assert (result.code, result.json["outcome"]) == (6, "notVerified")
        assert not [request for request in arm.journal if request.headers["Host"].startswith("localhost")]


class TestFollowing:
    @pytest.mark.parametrize(
        "answer",
        [HTML, Answer("null"), Answer([]), error(403), error(404), Answer("{")],
        ids=["html", "null", "list", "403", "404", "half"],
    )
    def test_one_bad_look_at_the_operation_changes_nothing(self, az: Az, serve: Serve, answer: Answer) -> None:
        arm = serve(Shop.byo().routed())
        arm.fault("GET", OPERATION, answer)
        result = migrate(az)
        assert (result.code, result.json["outcome"]) == (0, "applied")

    @pytest.mark.parametrize("status", ["Failed", "Canceled"])
    def test_an_operation_that_fails_is_told_with_its_code(self, az: Az, serve: Serve, status: str) -> None:
        arm = serve(Shop.byo().routed())
        body: dict[str, Any] = {"status": status, "error": {"code": "NatGatewayFailed", "message": "no room"}}
        arm.fault("GET", OPERATION, Answer(body))
        result = migrate(az)
        assert result.code == 1
        assert f"it ended as {status}: (NatGatewayFailed) no room" in result.err
        assert steps(az) == ["sending", "accepted", "failed"]

    def test_a_cluster_that_cannot_be_read_afterwards_is_not_verified(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, Before(lambda: arm.forbid(shop.document["id"] + "/")))
        arm.fault("GET", OPERATION, Before(lambda: arm.fault("GET", MANAGED_CLUSTER, error(403), times=3)))
        result = migrate(az)
        assert (result.code, result.json["outcome"]) == (6, "notVerified")
        assert steps(az)[-2:] == ["succeeded", "notVerified"]

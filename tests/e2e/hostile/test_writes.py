"""What a hostile Azure says of an update, and what is printed and written down of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.armsim.arm import Answer, Arm, Refusal
from tests.armsim.cli import Az, Result
from tests.builders import Shop
from tests.e2e.hostile.test_answers import CLUSTER, MANAGED_CLUSTER, UDR, is_told
from tests.hostile.answers import NO_JSON, endless, whole

WORDS = "\x1b[2J\x1b]8;;http://evil\x07x \u202e\x9b31m\nForged: all is well\r\n" + "y" * 5_000_000
OPERATION = "/operations/"
Serve = Callable[[Shop], Arm]


def migrate(az: Az, *words: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes", *words)


def newest_record(az: Az) -> Any:
    found = max((az.folder / "azure" / "aksegress").glob("aks-shop-*.json"), key=lambda path: path.name)
    return strict(found)


def strict(path: Path) -> Any:
    """A file that any reader of JSON takes: UTF-8, and no constants of Python's own."""
    return json.loads(path.read_bytes().decode("utf-8"), parse_constant=pytest.fail)


def is_clean(text: str) -> bool:
    """Nothing but what is printed, and newlines; and no line that Azure has made."""
    return not [line for line in text.split("\n") if not line.isprintable() or line.startswith("Forged")]


class TestTheUpdate:
    @pytest.mark.parametrize("status", [400, 409])
    def test_a_refusal_is_told_in_clean_and_few_words(self, each_az: Az, serve: Serve, status: int) -> None:
        shop = Shop.byo().routed()
        serve(shop).fault("PUT", MANAGED_CLUSTER, Refusal(status, f"Code{WORDS[:40]}", WORDS))
        result = migrate(each_az)
        is_told(result, 1)
        assert is_clean(result.err)
        assert len(result.err) < 10_000
        assert newest_record(each_az)["steps"][-1]["event"] == "refused"

    def test_an_answer_without_end_is_no_answer(self, each_az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        arm.fault("PUT", MANAGED_CLUSTER, endless())
        result = migrate(each_az)
        is_told(result, 0)
        assert [request.fault for request in arm.writes] == ["Answer", ""]

    @pytest.mark.parametrize(
        "location",
        [
            "https://localhost:{port}/operations/x?api-version=1",
            "//localhost:{port}/operations/x?api-version=1",
            "https://127.0.0.1:{port}@localhost:{port}/operations/x?api-version=1",
            "http://127.0.0.1:{port}/operations/x?api-version=1",
            "x" * 7_000,
        ],
    )
    def test_an_operation_elsewhere_gets_no_token(self, quick_az: Az, serve: Serve, location: str) -> None:
        shop = Shop.byo().routed()
        arm = serve(shop)
        headers = dict.fromkeys(("Azure-AsyncOperation", "Location"), location.format(port=quick_az.azure.port))
        arm.fault("PUT", MANAGED_CLUSTER, Answer(dict(shop.document), 201, headers))
        result = migrate(quick_az)
        is_told(result, 6)
        assert not [request for request in arm.journal if request.headers["Host"].startswith("localhost")]
        assert not [request for request in arm.journal if "/operations/" in request.path]


class TestTheOperation:
    @pytest.mark.parametrize("kind", ["a key twice", "objects in objects", "infinite by its size"])
    def test_one_bad_look_changes_nothing(self, quick_az: Az, serve: Serve, kind: str) -> None:
        serve(Shop.byo().routed()).fault("GET", OPERATION, whole(NO_JSON[kind]))
        result = migrate(quick_az)
        is_told(result, 0)
        assert result.json["outcome"] == "applied"

    def test_nobody_waits_for_as_long_as_it_likes(self, quick_az: Az, serve: Serve) -> None:
        arm = serve(Shop.byo().routed())
        arm.fault("GET", OPERATION, Answer({"status": "InProgress"}, 200, {"Retry-After": "inf"}), times=2)
        is_told(migrate(quick_az), 0)

    def test_its_error_is_told_in_clean_and_few_words(self, az: Az, serve: Serve) -> None:
        body = {"status": "Failed", "error": {"code": WORDS[:40], "message": WORDS}}
        serve(Shop.byo().routed()).fault("GET", OPERATION, Answer(body))
        result = migrate(az)
        is_told(result, 1)
        assert is_clean(result.err)
        assert len(result.err) < 10_000
        assert newest_record(az)["steps"][-1]["event"] == "failed"


class TestFiles:
    def test_whatever_things_are_called_records_and_plans_and_snapshots_open(self, az: Az, serve: Serve) -> None:
        shop = Shop.byo().routed()
        shop.document["tags"] = {
            "a'; touch canary; '": "\x00\x1b[31m\u202e\x9b\n\U0001f600",
            "<script>": "$(touch canary)",
        }
        shop.document["properties"]["agentPoolProfiles"][1]["name"] = "--yes; touch canary"
        serve(shop)
        plan, snapshot = az.folder / "plan 'x'.json", az.folder / "snapshot.json"
        saved = az("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--dry-run", "--out", str(plan))
        is_told(saved, 0)
        assert strict(plan)["kind"] == "plan"
        command = saved.err.strip().splitlines()[-1].strip()
        assert shlex.split(command) == ["az", "aks", "egress", "migrate", "--plan", str(plan)]
        snapshot.write_text(az("aks", "egress", "show", *CLUSTER, "-o", "json").out, encoding="utf-8")
        assert strict(snapshot)["cluster"]["tags"] == shop.document["tags"]
        is_told(az("aks", "egress", "check", "--snapshot", str(snapshot), "--to", UDR), 0)
        is_told(az("aks", "egress", "migrate", "--plan", str(plan), "--yes"), 0)
        assert newest_record(az)["before"]["cluster"]["tags"] == shop.document["tags"]
        is_told(az("aks", "egress", "verify", *CLUSTER), 0)
        back = az("aks", "egress", "rollback", *CLUSTER, "--yes", "--accept", "EGR602", "EGR603")
        assert "Traceback" not in back.err
        assert is_clean(back.err)
        assert not list(az.folder.rglob("canary"))

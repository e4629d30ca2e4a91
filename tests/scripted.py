"""An Azure that answers as a script says, and a run of `apply` against it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

from azure.core.exceptions import HttpResponseError, ServiceResponseError

from azext_aksegress import apply as applying
from azext_aksegress import plan as planning
from azext_aksegress.record import Record
from azext_aksegress.report import Report
from tests.builders import Shop

UDR = "userDefinedRouting"


def refused(status: int, code: str = "SomeCode", retry_after: str | None = None) -> HttpResponseError:
    headers = {"Retry-After": retry_after} if retry_after else {}
    response = SimpleNamespace(status_code=status, reason="", headers=headers, text=lambda *_: "", request=None)
    error = HttpResponseError(response=response)
    error.error = SimpleNamespace(code=code, message="what the service says")
    return error


OPERATION = "https://azure/operation"
SUCCEEDED, RUNNING = ("Succeeded", "", 0.0), ("InProgress", "", 0.0)


class ScriptedAzure:
    """Answers each sending and each look at the operation as a script says, and keeps what was sent."""

    def __init__(self, shop: Shop, *answers: Any) -> None:
        self.shop = shop
        self.answers = list(answers)
        self.operations: list[Any] = [SUCCEEDED]
        self.reads: list[Exception] = []
        self.read_for_checks = 0
        self.before_read: Callable[[], object] = lambda: None
        self.sent: list[tuple[dict[str, Any], str | None]] = []

    def put(self, document: bytes, etag: str | None, _: str) -> Any:
        self.sent.append((json.loads(document), etag))
        return played(self.answers)

    def operation(self, _: str) -> Any:
        return played(self.operations)

    def read(self, request: Any, *also: Any) -> Any:
        self.read_for_checks += len(also)
        if self.reads:
            raise self.reads.pop(0)
        return self.shop.snapshot(request)

    def read_cluster(self, _: str) -> Any:
        self.before_read()
        if self.reads:
            raise self.reads.pop(0)
        return copy.deepcopy(self.shop.document)


def played(script: list[Any]) -> Any:
    """The next line of a script: raised where it is an error, called where it is a function."""
    answer = script.pop(0)
    answer = answer() if callable(answer) else answer
    if isinstance(answer, Exception):
        raise answer
    return answer


class Run:
    """One `apply` of the move of a routed cluster to userDefinedRouting."""

    def __init__(self, folder: Path, *answers: Any, shop: Shop | None = None, report: Report | None = None) -> None:
        self.shop = shop or Shop.byo().routed()
        made = report or self.shop.report(UDR)
        self.plan = planning.make(made, ())
        self.azure = ScriptedAzure(self.shop, *answers)
        self.record = Record(str(folder), self.plan, {})
        self.phases: list[str] = []

    def __call__(self, wait: bool = True) -> None:
        applying.apply(self.azure, self.plan, self.record, self.phases.append, wait)

    @property
    def events(self) -> list[str]:
        return [step["event"] for step in json.loads(Path(self.record.path).read_text())["steps"]]

    def blocks_the_record(self) -> None:
        """Put a file where the folder of the record was."""
        folder = Path(self.record.path).parent
        for found in folder.iterdir():
            found.unlink()
        folder.rmdir()
        folder.write_text("in the way")

    def lands(self) -> Callable[[], Exception]:
        """The update is taken, and its answer lost."""

        def answer() -> Exception:
            self.shop.network(outboundType=UDR)
            self.shop.document["eTag"] = "another"
            return ServiceResponseError("reset")

        return answer

    def somebody_else(self) -> Callable[[], Exception]:
        """Somebody else changes the cluster, and our sending is lost."""

        def answer() -> Exception:
            self.shop.set(tags={"who": "else"})
            self.shop.document["eTag"] = "another"
            return ServiceResponseError("reset")

        return answer
